"""The language that a visitor has chosen is kept for later."""

import json
from threading import Thread

from filelock import FileLock

from automl.host.home import languages_path
from automl.ui import language


def test_a_choice_waits_for_that_of_another_visitor() -> None:
    path = languages_path()
    keeping = Thread(target=language._keep, args=("de",))
    with FileLock(path.with_suffix(".lock")):
        keeping.start()
        keeping.join(0.3)
        assert keeping.is_alive()
        path.write_text('{"somebody else": "en"}')
    keeping.join()
    kept = json.loads(path.read_text())
    assert kept.pop("somebody else") == "en"
    assert list(kept.values()) == ["de"]
