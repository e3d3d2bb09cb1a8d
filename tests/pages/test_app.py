"""The pages together: the way through app.py, and what they must not import."""

import subprocess
import sys

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, texts

PAGES = [path.stem for path in sorted((ROOT / "pages").glob("*.py"))]


def test_a_direct_link_opens_its_page_although_app_py_has_never_run(make_experiment, make_trial):
    make_experiment("pets", [make_trial("t1", [0.5])])
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    app.query_params["experiment"] = "pets"
    app.switch_page("pages/leaderboard.py").run()
    assert app.title[0].value == "pets"


def test_the_experiment_in_view_and_the_language_survive_a_change_of_page(
    open_page, make_experiment, make_trial
):
    make_experiment("one", [make_trial("t1", [0.1])])
    make_experiment("two", [make_trial("t1", [0.2])])
    page = open_page("test", experiment="one", lang="de")
    del page.query_params["experiment"]  # as the navigation's own links do
    del page.query_params["lang"]
    page.switch_page("pages/progress.py").run()
    assert (page.query_params["experiment"], page.query_params["lang"]) == ("one", "de")
    links = [link.proto for link in page.get("page_link")]
    assert {"1 Daten", "3 Trainieren", "Einstellungen"} <= {link.label for link in links}
    assert "abgeschlossen" in texts(page)
    assert all("lang=de" in link.query_string for link in links)
    unknown = open_page("test", experiment="one", lang="xx")
    assert "no language called xx" in unknown.warning[0].value
    assert "3 Train" in [link.proto.label for link in unknown.get("page_link")]


def test_pages_import_what_they_need_and_the_first_one_does_not_wait_for_it(
    make_experiment, make_trial, make_pictures, with_predictions
):
    """In one process, which takes seconds to start: the first page without what is slow, which is
    imported behind it, and then each page without what only the engine needs."""
    pictures = make_pictures()
    experiment_dir = make_experiment("pets", [make_trial("t1", [0.5])], best_trial="t1")
    with_predictions(experiment_dir, "t1", pictures)
    program = f"""
import sys
from streamlit.testing.v1 import AppTest
from automl.experiments import launcher
from automl.ui import preload
launcher.warm_up = lambda: None
start, preload.start = preload.start, lambda: None
app = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60).run()
assert any("0.500" in one.value for one in app.markdown)
assert app.get("bidi_component")
assert "pandas" not in sys.modules
start().join()
assert {{"pandas", "plotly.graph_objects", "scipy.special"}} <= set(sys.modules)
for name in {PAGES!r}:
    app.query_params.update({{"experiment": "pets", "data": {str(pictures)!r}}})
    app.switch_page(f"pages/{{name}}.py").run()
    assert not app.exception, app.exception
    assert app.title[0].value, name
heavy = {{"torch", "torchvision", "timm", "ray"}} & set(sys.modules)
sys.exit(f"imported: {{heavy}}" if heavy else 0)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, timeout=600)
