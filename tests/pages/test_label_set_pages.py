"""Pages of data whose pictures have any number of labels."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from automl.cli import cli
from automl.dataset import label_sets, manifest
from automl.evaluation.metrics import classification_metrics
from automl.evaluation.predictions import Predictions
from automl.experiments import launcher, store
from automl.experiments.records import TrialRecord
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.reports import html_report
from automl.ui.answers import label_errors_view
from tests.conftest import build_opening, mean_colour
from tests.pages.conftest import texts, tiles

TASK = "image_classification_multilabel"
SETS = [*["cat", "dog", "cat,dog", ""] * 3, "owl"]


@pytest.fixture
def table(make_pictures: Callable[..., Path]) -> Path:
    pictures = make_pictures(("all",), per_class=len(SETS))
    rows = [f'all/{number}.png,"{labels}"' for number, labels in enumerate(SETS)]
    path = pictures / "labels.csv"
    path.write_text("\n".join(["image,label", *rows]))
    return path


def click(page: AppTest, label: str) -> None:
    next(button for button in page.button if button.label == label).click().run()


def test_several_labels_are_offered_looked_at_and_put_into_the_job(
    open_page: Callable[..., AppTest], table: Path
) -> None:
    page = open_page("dataset", data=str(table))
    click(page, "Any number of labels")
    said = texts(page).replace("\\", "")
    assert "**3** labels" in said
    assert "**3** with no label · **7** with 1 label · **3** with 2 labels" in said
    assert ("no label", "") in tiles(page)
    page.selectbox(key="class in view").select("cat").run()
    assert (
        sorted(caption for caption, _ in tiles(page) if caption) == ["cat"] * 3 + ["cat, dog"] * 3
    )
    page.session_state["co-occurrence"] = True
    page.run()
    assert page.get("plotly_chart")

    configured = open_page("configure", **dict(page.query_params))
    assert not configured.error
    assert configured.selectbox(key="primary metric").value == "iou"
    job = Job.from_yaml(configured.code[0].value)
    assert (job.task, job.primary_metric) == (TASK, "iou")


def test_one_label_each_offers_the_other_task(
    open_page: Callable[..., AppTest], table: Path
) -> None:
    table.write_text(table.read_text().replace("cat,dog", "cat").replace('""', "dog"))
    page = open_page("dataset", data=str(table), task=TASK)
    page.button(key="image_classification for one_label_each").click().run()
    assert "**3** classes" in texts(page)
    assert "task" not in page.query_params


def test_a_pasted_job_brings_its_task(open_page: Callable[..., AppTest], table: Path) -> None:
    page = open_page("configure", data=str(table))
    lines = ["type: automl", f"task: {TASK}", "primary_metric: auc_weighted"]
    page.text_area(key="pasted job").set_value(
        "\n".join([*lines, f"training_data: {{path: {table}}}"])
    )
    click(page, "Fill in the form")
    again = Job.from_yaml(page.code[0].value)
    assert (again.task, again.primary_metric) == (TASK, "auc_weighted")


@pytest.fixture
def experiment(
    table: Path, make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> Path:
    """An ended experiment with two trials; the first is wrong about one cat only."""
    job = Job(task=TASK, primary_metric="iou", training_data=DataSource(path=table))
    found = manifest.build(job)
    trials = [
        make_trial("t1", [0.9], metric="iou"),
        make_trial("t2", [0.5], number=1, metric="iou"),
    ]
    directory = make_experiment("cards__2", trials=trials, job=job, best_trial="t1")
    store.save_dataset(directory, found.samples, found.report)
    truth = label_sets.truth(found.samples, found.class_names)
    ids = found.samples["id"].to_numpy(np.int64)
    close = np.where(truth, 0.7, 0.2).astype(np.float32)
    one_cat = int((truth == [True, False, False]).all(axis=1).argmax())
    close[one_cat] = [0.1, 0.6, 0.1]  # taken for a dog
    for trial_id, shares in (("t1", close), ("t2", np.full_like(close, 0.3))):
        path = store.predictions_path(directory, trial_id)
        store.save_predictions(path, Predictions(ids, truth, shares))
    return directory


def write_model(experiment_dir: Path) -> Path:
    """A model of the labels cat, dog and owl that answers with a picture's mean colour."""
    folder = store.best_model_dir(experiment_dir)
    folder.mkdir()
    settings = {"trial_id": "t1", "validation_resize_size": 8, "validation_crop_size": 8}
    given = {"has_label_sets": True, "thresholds": [0.55, 0.55, 0.9]}
    (folder / "settings.json").write_text(json.dumps({**settings, **given}))
    (folder / "labels.json").write_text(json.dumps(["cat", "dog", "owl"]))
    onnx.save(mean_colour(), folder / "model.onnx")
    return folder


def test_missed_and_false_labels_come_with_their_pictures(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    page = open_page("trial", experiment=experiment.name, trial="t1", tab="Errors")
    assert tiles(page) == [("cat", "missed cat; false dog")]
    page.segmented_control[-1].set_value("Right").run()
    assert len(tiles(page)) == 9  # three of the thirteen have no label, and one is wrong


def test_a_doubtful_label_of_a_set_is_put_right_in_a_new_experiment(
    open_page: Callable[..., AppTest], experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(launcher, "start", started.append)
    answers = store.load_predictions(store.predictions_path(experiment, "t1"))
    surely = np.where(answers.probabilities == np.float32(0.6), 0.9, answers.probabilities)
    for trial_id in ("t1", "t2"):
        path = store.predictions_path(experiment, trial_id)
        both = Predictions(answers.sample_ids, answers.labels, surely.astype(np.float32))
        store.save_predictions(path, both)
    page = open_page("trial", experiment=experiment.name, trial="t1", tab="Errors")
    page.segmented_control[0].set_value("Doubtful labels").run()
    (choices,) = [one for one in page.selectbox if one.label == "Of the label"]
    assert choices.options == ["all labels", "cat (1)", "dog (1)"]
    choices.set_value("dog").run()
    (choice,) = [one for one in page.segmented_control if "decision on" in str(one.key)]
    choice.set_value("dog").run()
    click(page, "New experiment with 1 change")
    assert list(store.load_job(started[0]).corrections.relabel.values()) == [["cat", "dog"]]


def test_the_report_has_the_mistakes_and_the_labels_that_occur_together(experiment: Path) -> None:
    text = html_report.html(experiment)
    assert "cat → missed cat; false dog" in text
    assert "Labels answered together" in text
    assert "Expected calibration error" in text
    assert "<div>Labels<b>3</b>" in text


def test_charts_and_scores_are_those_of_each_label(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    page = open_page("trial", experiment=experiment.name, trial="t1", tab="Charts")
    for chart in ("Calibration", "Confidence", "Answer only when sure"):
        page.segmented_control[0].set_value(chart).run()
        assert page.get("plotly_chart")
        assert not page.exception
    page = open_page("trial", experiment=experiment.name, trial="t1", tab="Labels")
    table = page.dataframe[0].value.set_index("label")
    assert table.loc["cat", ["right", "missed", "false", "rightly absent"]].tolist() == [5, 1, 0, 7]


def test_labels_that_are_answered_together_too_often_come_first(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    path = store.predictions_path(experiment, "t1")
    answers = store.load_predictions(path)
    has_none = ~answers.labels.any(axis=1, keepdims=True)
    shares = np.where(has_none, [0.1, 0.9, 0.9], answers.probabilities).astype(np.float32)
    store.save_predictions(path, replace(answers, probabilities=shares))
    page = open_page("trial", experiment=experiment.name, trial="t1", tab="Labels")
    page.session_state["co-occurrence of cards__2 t1"] = True
    page.run()
    pairs = page.dataframe[-1].value
    assert pairs.to_numpy().tolist() == [["dog", "owl", 0, 3], ["cat", "dog", 3, 3]]
    outcomes = label_errors_view.cells(store.load_predictions(path), [1, 2])
    assert {kind: len(found) for kind, found in outcomes.items()} == {
        **{"Missed": 0, "False": 3, "Right": 0, "Rightly absent": 10}
    }


def test_pictures_that_only_one_of_two_trials_gets_right(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    page = open_page("compare", experiment=experiment.name, tab="Pictures")
    captions = sorted(caption for caption, _ in tiles(page))
    assert captions == ["cat"] * 2 + ["cat, dog"] * 3 + ["dog"] * 3 + ["owl"]


def test_the_score_that_ranks_is_named_where_another_one_is_shown(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    compared = open_page("compare", experiment=experiment.name)
    assert "a threshold take 0.5, and so does the test." in texts(compared)
    for trial, own in zip(store.load_trials(experiment), (0.7, 0.8), strict=True):
        store.save_trial(experiment, trial.model_copy(update={"own_scores": {"iou": own}}))
    compared = open_page("compare", experiment=experiment.name)
    assert "the Leaderboard ranks and tests with thresholds of each model's own" in texts(compared)
    said = texts(open_page("trial", experiment=experiment.name, trial="t2")).replace("\\", "")
    assert "at 0.5; with its thresholds 0.800" in said


def test_thresholds_are_changed_with_their_effect_and_kept(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    folder = write_model(experiment)
    page = open_page("predict", experiment=experiment.name)
    page.file_uploader(key="pictures").upload("red.png", png("red"), "image/png").run()
    assert "**cat**" in texts(page)  # sigmoid(1) is 0.73
    page.selectbox(key=f"aim of {folder}").select("By hand").run()
    (slider,) = [one for one in page.slider if one.label == "Threshold"]
    slider.set_value(0.8).run()
    assert "**no label**" in texts(page)
    next(button for button in page.button if button.label == "Keep with the model").click().run()
    kept = json.loads((folder / "settings.json").read_text())["thresholds"]
    assert kept == [0.8, 0.8, 0.8]
    page.selectbox(key=f"aim of {folder}").select("As kept with the model").run()
    assert "**no label**" in texts(page)


def test_thresholds_are_chosen_on_the_command_line(experiment: Path) -> None:
    run = CliRunner().invoke
    asked = ["thresholds", experiment.name, "--json"]
    chosen = json.loads(run(cli, [*asked, "--aim", "precision=1", "--label", "dog=0.8"]).stdout)
    assert chosen["experiment"] == experiment.name
    labels = {row["label"]: row for row in chosen["labels"]}
    assert labels["dog"]["threshold"] == 0.8
    assert labels["dog"]["missed"] == 6
    assert (labels["cat"]["false"], labels["cat"]["precision"]) == (0, 1)
    assert json.loads(run(cli, asked).stdout) == chosen
    for option, sentence in (("bird=0.5", "which is no label here"), ("cat=2", "from 0 to 1")):
        refused = run(cli, [*asked, "--label", option])
        assert (refused.exit_code, sentence in refused.stderr) == (2, True)
    settings = write_model(experiment) / "settings.json"
    settings.write_text("[" * 100_000)
    kept = (experiment / "thresholds.json").read_text()
    for name in ("settings.json", "thresholds.json"):  # the first leaves the other as it is
        assert (experiment / "thresholds.json").read_text() == kept
        refused = run(cli, [*asked, "--label", "cat=0.4"])
        assert f"{name} is damaged" in refused.stderr
        (experiment / "thresholds.json").write_text(kept[:30])
        kept = kept[:30]


def test_test_data_are_scored_with_the_thresholds_of_the_model_too(
    open_page: Callable[..., AppTest], experiment: Path
) -> None:
    answers = store.load_predictions(store.predictions_path(experiment, "t1"))
    opening = build_opening(
        "t1",
        num_pictures=len(answers.labels),
        metrics=classification_metrics(answers.probabilities, answers.labels),
    )
    store.save_test(experiment, opening, answers)
    run = CliRunner().invoke
    assert run(cli, ["thresholds", experiment.name, "--label", "cat=0.05"]).exit_code == 0
    found = json.loads(run(cli, ["test", experiment.name, "--json"]).stdout)
    assert found["test_score"] == pytest.approx(12 / 13)
    every = answers.labels | [True, False, False]  # each picture is said to have a cat
    common, either = (answers.labels & every).sum(axis=1), every.sum(axis=1)
    assert found["with_thresholds"]["iou"] == pytest.approx((common / either).mean())
    said = f"with the thresholds of the model: IoU {found['with_thresholds']['iou']:.3f}, "
    assert said in texts(open_page("test", experiment=experiment.name, tab="All metrics"))
    page = open_page("test", experiment=experiment.name, tab="Labels")
    assert [tab.label for tab in page.tabs] == ["Where it is wrong", "Labels", "All metrics"]
    of_labels = next(each.value for each in page.dataframe if "missed" in each.value)
    assert "threshold" not in of_labels  # the test pictures must not choose one


def test_the_command_line_counts_labels_and_not_classes(table: Path) -> None:
    said = CliRunner().invoke(cli, ["check", str(table), "--set", f"task={TASK}"]).stdout
    assert "13 pictures of 3 labels\n" in said
    assert "label  pictures\n" in said


def png(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()
