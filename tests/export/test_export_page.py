import importlib.util
import io
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl.experiments import store
from automl.figures import wording
from automl.ui import guarded_actions


def draw(experiment_dir: str, trial_id: str) -> None:
    from pathlib import Path

    from automl.experiments import store
    from automl.ui import export_view

    directory = Path(experiment_dir)
    export_view.show(directory, store.load_trial(store.trial_path(directory, trial_id)))


def test_a_model_is_exported_and_offered_with_its_figures(finished: Path, home: Path) -> None:
    page = AppTest.from_function(draw, args=(str(finished), "trial-000"), default_timeout=60).run()
    page.radio[0].set_value("weights").run()
    page.button[0].click().run()
    assert not page.exception
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Same class"] == "100.0%"
    assert float(figures["Largest difference"]) < 1e-3
    assert "# shapes: test\\_resnet" in page.expander[0].markdown[0].value
    (folder,) = (home / "cache" / "exports").glob("*/weights")
    names = zipfile.ZipFile(io.BytesIO(guarded_actions.zipped(folder))).namelist()
    assert {"model.safetensors", "README.md", "parity.json", "labels.json"} <= set(names)
    page.run()
    assert not page.button  # it is there; it need not be exported again


def test_what_is_missing_is_said_on_the_page(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = AppTest.from_function(draw, args=(str(finished), "trial-001")).run()
    page.radio[0].set_value("mlflow").run()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    page.button[0].click().run()
    monkeypatch.undo()
    assert wording.plain("pip install '.[mlflow]'") in page.error[0].value
    assert not page.metric


def test_the_page_asks_for_patience_while_the_trial_runs(finished: Path) -> None:
    path = store.trial_path(finished, "trial-000")
    text = path.read_text()
    path.write_text(text.replace('"state": "completed"', '"state": "running"'))
    try:
        page = AppTest.from_function(draw, args=(str(finished), "trial-000")).run()
    finally:
        path.write_text(text)
    assert "when the trial has ended" in page.info[0].value
    assert not page.button
