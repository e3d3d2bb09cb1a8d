"""A new experiment that goes on from the best network of another one, with other data."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl.dataset.report import DatasetReport
from automl.engine import parents
from automl.engine.results import Results
from automl.errors import UserError
from automl.experiments import new_data, store
from automl.experiments.new_data import OtherData
from automl.experiments.records import Parent
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
from tests.conftest import build_trial

Make = Callable[..., Path]
TUNED = build_trial("trial-001", [0.9], number=1, effective={"learning_rate": 0.01})
PROBE = build_trial(
    "trial-002",
    [0.95],
    number=2,
    hyperparameters={"model_name": "resnet18", "method": "linear_probe"},
)


def pictures(folder: Path) -> None:
    """Pictures of two classes, which nobody opens."""
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        (folder / label / "a.png").touch()


def old(make_experiment: Make, data: Path, *trials: Any, **keys: Any) -> Path:
    job = Job.from_dict({"training_data": {"path": str(data)}, **keys})
    return make_experiment("old", trials or [TUNED], job=job, data_version="original")


def test_the_best_network_starts_a_trial_on_the_other_data(
    make_experiment: Make, tmp_path: Path
) -> None:
    keys: dict[str, Any] = {"corrections": {"exclude": ["a.png"]}, "limits": {"max_trials": 8}}
    directory = old(make_experiment, tmp_path / "before", **keys)
    pictures(tmp_path / "more")
    job, parent = new_data.planned(directory, OtherData(tmp_path / "more", minutes=7))
    assert job.training_data.path == tmp_path / "more"
    assert job.corrections == Corrections()
    assert (job.limits.max_trials, job.limits.timeout_minutes) == (1, 7)
    assert job.training_parameters["checkpoint_run_id"] == "old/trial-001"
    assert job.training_parameters["learning_rate"] == pytest.approx(0.003)
    assert parent.sentence.startswith("Goes on from trial-001 of old, with ")
    assert "are not taken over" in parent.sentence


def test_around_a_learning_rate_of_0_there_is_nothing_to_draw(
    make_experiment: Make, tmp_path: Path
) -> None:
    data_versions.keep(tmp_path, Corrections(exclude=["a.png"]), "0", by="ann")
    still = build_trial("trial-001", [0.9], number=1, effective={"learning_rate": 0.0})
    with pytest.raises(UserError, match="Leave --trials out"):
        new_data.planned(old(make_experiment, tmp_path, still), OtherData(version="v1", trials=4))


def test_several_trials_draw_learning_rates_around_that_of_the_winner(
    make_experiment: Make, tmp_path: Path
) -> None:
    pictures(tmp_path)
    data_versions.keep(tmp_path, Corrections(exclude=["a.png"]), "0", by="ann")
    asked = OtherData(version="v1", trials=4, epochs=3)
    job, _ = new_data.planned(old(make_experiment, tmp_path), asked)
    assert job.corrections == Corrections(exclude=["a.png"])
    assert job.is_sweep
    assert job.limits.max_trials == 4
    assert "learning_rate" not in job.training_parameters
    assert job.training_parameters["number_of_epochs"] == 3


def test_a_winner_on_frozen_features_is_fitted_again(make_experiment: Make, tmp_path: Path) -> None:
    directory = old(make_experiment, tmp_path, TUNED, PROBE)
    pictures(tmp_path / "more")
    job, _ = new_data.planned(directory, OtherData(tmp_path / "more"))
    assert job.training_parameters == PROBE.hyperparameters
    with pytest.raises(UserError, match="Leave --trials and --epochs out"):
        new_data.planned(directory, OtherData(tmp_path / "more", epochs=5))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (OtherData(version="original"), "was run on version original already"),
        (OtherData(version="v7"), "has no version v7"),
        (OtherData(Path("/nowhere")), "/nowhere does not exist"),
        (OtherData(Path("/"), trials=0), "trials is 0"),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(
    make_experiment: Make, tmp_path: Path, asked: OtherData, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        new_data.planned(old(make_experiment, tmp_path), asked)


def test_an_empty_folder_is_refused_before_anything_starts(
    make_experiment: Make, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    directory = old(make_experiment, tmp_path)
    with pytest.raises(UserError, match="There are no pictures in"):
        new_data.planned(directory, OtherData(tmp_path / "empty"))


def test_corrections_of_the_same_place_stay_unless_a_version_is_named(
    make_experiment: Make, tmp_path: Path
) -> None:
    pictures(tmp_path / "before")
    directory = old(make_experiment, tmp_path / "before", corrections={"exclude": ["cat/a.png"]})
    grown, parent = new_data.planned(directory, OtherData(tmp_path / "before"))
    assert grown.corrections == Corrections(exclude=["cat/a.png"])
    assert "the corrections of before" not in parent.sentence
    _, parent = new_data.planned(directory, OtherData(version="original"))
    assert "without the corrections of before" in parent.sentence


def samples(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["content_hash", "label", "split"])


def test_the_record_says_whether_the_same_pictures_judge() -> None:
    before = samples(("a", "cat", "train"), ("b", "cat", "validation"), ("a", "dog", "validation"))
    assert parents.splits([before]) == {"a": "train", "b": "validation"}
    parent = Parent(experiment_id="old", trial_id="t", data="v1")
    said = parents.note(before, before, parent, "new", trained=set())
    assert said == "The same validation pictures judge as in old."
    mended = samples(("b", "dog", "validation"), ("a", "dog", "validation"))
    said = parents.note(before, mended, parent, "new", trained=set())
    assert "judge as in old, 1 of them by another label" in said
    assert "too good" not in said
    grown = samples(("b", "cat", "train"), ("a", "cat", "validation"), ("a", "cat", "test"))
    said = parents.note(before, grown, parent, "new", trained={"a"})
    assert "cannot be compared" in said
    assert "automl compare old new tests both" in said
    assert "1 validation pictures" in said
    assert "Of the test pictures, 1, which the data name" in said
    others = samples(("c", "cat", "train"), ("d", "dog", "validation"))
    said = parents.note(before, others, parent, "new", trained={"a"})
    assert said.startswith("No picture of old is among the data")
    assert "automl compare" not in said


def test_a_picture_that_trained_any_network_of_the_line_never_judges(
    make_experiment: Make,
) -> None:
    line = {
        "first": samples(("a", "cat", "train"), ("b", "cat", "validation")),
        "second": samples(("b", "cat", "validation"), ("c", "cat", "train")),
        "third": samples(),
    }
    report = DatasetReport(num_images=3, classes={}, splits={}, findings=[], data_hash="0")
    parent: Parent | None = None
    for name, own in line.items():
        directory = make_experiment(name, parent=parent)
        store.save_dataset(directory, own, report)
        parent = Parent(experiment_id=name, trial_id="t", data="v1")
    known = parents.samples(Results(directory, "accuracy"))
    assert parents.splits(known) == {"a": "train", "b": "validation", "c": "train"}
    shutil.rmtree(directory.parent / "first")
    known = parents.samples(Results(directory, "accuracy"))
    assert parents.splits(known) == {"b": "validation", "c": "train"}
    shutil.rmtree(directory.parent / "second")
    with pytest.raises(UserError, match="The pictures of second.*are not known"):
        parents.samples(Results(directory, "accuracy"))
