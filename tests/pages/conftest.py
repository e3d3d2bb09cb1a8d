import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime import pages_manager
from streamlit.runtime.scriptrunner import script_runner
from streamlit.testing.v1 import AppTest, local_script_runner

from automl.dataset import manifest
from automl.evaluation.predictions import Predictions
from automl.experiments import launcher, store
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.ui import error_boundary, preload

ROOT = Path(__file__).parents[2]
PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0 Mobile Safari/537.36"}
AUTH = {
    "redirect_uri": "http://127.0.0.1/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "automl",
    "client_secret": "secret",
    "server_metadata_url": "http://127.0.0.1/.well-known/openid-configuration",
}
# every AppTest searches all installed packages for components, which takes a second
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)
_say_too_late = local_script_runner.require_widgets_deltas


def _wait(runner: Any, timeout: float) -> None:
    """Wait for the end of a run; Streamlit asks for it 1,000 times a second, which slows it by a
    tenth."""
    runner._script_thread.join(timeout)
    if not runner.script_stopped():
        _say_too_late(runner, timeout=0)


local_script_runner.require_widgets_deltas = _wait
PEOPLE = """
people:
  ann@example.com: admin
  bob@example.com: analyst
  "*@example.com": viewer
"""


@pytest.fixture(autouse=True)
def _no_ray_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "warm_up", lambda: None)  # it would outlive the tests
    monkeypatch.setattr(preload, "sample", lambda: None)


@pytest.fixture(autouse=True)
def _no_page_shows_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail every run of a page, after a click too, that draws an exception."""
    run_page = AppTest._run  # every way to run a page ends here

    def run(app: AppTest, *args: Any, **options: Any) -> AppTest:
        result = run_page(app, *args, **options)
        details = [f"{each.message}\n{''.join(each.stack_trace)}" for each in result.exception]
        assert not details, "\n".join(details)
        assert error_boundary.UNEXPECTED not in str([each.value for each in result.error])
        return result

    monkeypatch.setattr(AppTest, "_run", run)


@pytest.fixture
def errors_as_in_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """`local.py` gives the handler to Streamlit; a test of pages begins at app.py."""
    begin = script_runner.ScriptRunner.__init__

    def begin_with_handler(runner: Any, *args: Any, **options: Any) -> None:
        begin(runner, *args, **{**options, "on_script_error": error_boundary.show})

    monkeypatch.setattr(script_runner.ScriptRunner, "__init__", begin_with_handler)


class _FolderWithoutPages(type(Path())):  # type: ignore[misc]
    def exists(self) -> bool:
        return False


@pytest.fixture
def app_has_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit remembers that app.py has run once; AppTest makes it forget with every run."""
    monkeypatch.setattr(pages_manager, "Path", _FolderWithoutPages)


def _app() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)


def _rendered(app: AppTest, name: str, parameters: dict[str, str]) -> AppTest:
    """The page as a direct link to it shows it."""
    for key, value in parameters.items():
        app.query_params[key] = value
    return app.switch_page(f"pages/{name}.py").run()


@pytest.fixture
def open_page(app_has_run: None) -> Callable[..., AppTest]:  # noqa: ARG001
    """Render a page as a direct link to it would; keyword arguments are the link's parameters."""

    def open_page(name: str, **parameters: str) -> AppTest:
        return _rendered(_app(), name, parameters)

    return open_page


@pytest.fixture
def open_as(app_has_run: None, home: Path) -> Callable[..., AppTest]:  # noqa: ARG001
    """Render a page for somebody; None has not signed in."""
    (home / "access.yml").write_text(PEOPLE)

    def open_as(who: str | None, name: str, secrets: Any = None, **parameters: str) -> AppTest:
        app = _app()
        app.secrets = {"auth": AUTH} if secrets is None else secrets
        app.user = {"is_logged_in": False}
        if who:
            app.user = {"is_logged_in": True, "email": who, "email_verified": True}
        return _rendered(app, name, parameters)

    return open_as


@pytest.fixture
def make_pictures(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of PNG files, so many for every class."""

    def make(classes: tuple[str, ...] = ("cat", "dog"), per_class: int = 6) -> Path:
        rng = np.random.default_rng(0)
        for label in classes:
            folder = tmp_path / "pets" / label
            folder.mkdir(parents=True)
            for number in range(per_class):
                pixels = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
        return tmp_path / "pets"

    return make


@pytest.fixture
def with_predictions() -> Callable[..., None]:
    """Give an experiment its data set, and a trial answers: the first picture of all is wrong."""

    def add(experiment_dir: Path, trial_id: str, pictures_dir: Path) -> None:
        found = manifest.build(Job(training_data=DataSource(path=pictures_dir)))
        store.save_dataset(experiment_dir, found.samples, found.report)
        labels = found.samples["label_index"].to_numpy(dtype=np.int64)
        answers = labels.copy()
        answers[0] = (labels[0] + 1) % len(found.class_names)
        probabilities = np.eye(len(found.class_names), dtype=np.float32)[answers]
        ids = found.samples["id"].to_numpy(dtype=np.int64)
        path = store.predictions_path(experiment_dir, trial_id)
        store.save_predictions(path, Predictions(ids, labels, probabilities))

    return add


@pytest.fixture
def hold_lock() -> Iterator[Callable[[Path], None]]:
    """Make an experiment look as if its engine was running."""
    locks: list[FileLock] = []

    def hold(experiment_dir: Path) -> None:
        locks.append(FileLock(store.lock_path(experiment_dir)))
        locks[-1].acquire()

    yield hold
    for lock in locks:
        lock.release()


def texts(app: AppTest) -> str:
    """Everything a page says in words."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def fold(app: AppTest, label: str) -> Any:
    """The fold with this label."""
    (found,) = [fold for fold in app.expander if fold.label == label]
    return found


def figure_table(app: AppTest, name: str) -> Any:
    """Open the table of the figure of this name; its rows."""
    places = [one.proto.popover.id.split("-", 2)[-1] for one in app.get("popover")]
    (key,) = [key for key in places if key.startswith(f"table of {name}")]
    num_before = len(app.dataframe)
    app.session_state[key] = True
    tables = app.run().dataframe
    assert len(tables) == num_before + 1, "it is made only when somebody opens it"
    return tables[-1].value


def buttons(app: AppTest) -> set[str]:
    return {button.label for button in [*app.button, *app.get("download_button")]}


def tiles(app: AppTest) -> list[tuple[str, str]]:
    """Both lines under each picture in the page's grids."""
    grids = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [(tile["caption"], tile["note"]) for grid in grids for tile in grid["tiles"]]
