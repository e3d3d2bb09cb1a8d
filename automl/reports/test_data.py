"""Open the test data of an experiment: once, for one trial.

The score on the test data is unbiased only while no choice depends on it.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from automl.errors import UserError
from automl.evaluation.predictions import Predictions
from automl.experiments import chosen_thresholds, groups, launcher, leaderboard, store
from automl.experiments.records import TestOpening, now
from automl.export import exporting, test_score
from automl.export.request import ExportRequest
from automl.figures import wording
from automl.jobs.tasks import TASKS
from automl.texts import mark

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]


def pictures(experiment_dir: Path) -> "pd.DataFrame":
    """Return the rows of `samples.parquet` for the test pictures; empty without test data."""
    samples = store.load_samples(experiment_dir)
    return samples[samples["split"] == "test"]


def open_for(
    experiment_dir: Path,
    trial_id: str | None = None,
    *,
    by: str | None = None,
    progress: Progress | None = None,
) -> TestOpening:
    """Score the test pictures with a trial's exported model, and record who did it and when.

    A failure records nothing. If the data were opened before, that opening is returned.

    Args:
        experiment_dir: directory of an experiment that has ended.
        trial_id: the trial to score; the best one if left out.
        by: the person who opens them; the user of this process if left out.
        progress: called with the number of pictures scored so far and the number of all.

    Raises:
        UserError: the experiment is running, has no test data or no such model, or its test data
            were opened for another trial.
    """
    opened = store.load_test_opening(experiment_dir)
    if opened is not None:
        return _same_trial(opened, trial_id)
    # before taking the lock: while we hold it, the experiment appears to be running
    state = launcher.record(experiment_dir).state
    if not state.is_finished:
        raise UserError(
            f"{experiment_dir.name} has not ended: it is {state}. Open the test data after its "
            "end, so that they do not influence the search."
        )
    if store.is_imported(experiment_dir):
        raise UserError(
            f"{experiment_dir.name} was imported and can only be read. Open its test data where it "
            "ran."
        )
    with store.writing(experiment_dir):
        # reread: another process may have opened the data before we had the lock
        opened = store.load_test_opening(experiment_dir)
        if opened is not None:
            return _same_trial(opened, trial_id)
        return _open(experiment_dir, trial_id, launcher.user() if by is None else by, progress)


def with_thresholds(experiment_dir: Path, opening: TestOpening) -> dict[str, float]:
    """Metrics on the test pictures with the thresholds of the model, none of which were chosen on
    them; empty for a task without thresholds."""
    path = store.test_predictions_path(experiment_dir)
    if not (TASKS[store.load_job(experiment_dir).task].has_label_sets and path.is_file()):
        return {}
    from automl.evaluation import threshold_effects
    from automl.evaluation.set_answers import SetAnswers

    predictions = store.load_predictions(path)
    in_search = store.load_predictions(store.predictions_path(experiment_dir, opening.trial_id))
    names = store.class_names(store.load_samples(experiment_dir))
    own = chosen_thresholds.in_use(experiment_dir, opening.trial_id, in_search, names)
    return threshold_effects.scores(SetAnswers(predictions.probabilities, predictions.labels, own))


def _same_trial(opened: TestOpening, trial_id: str | None) -> TestOpening:
    """Return the earlier opening.

    Raises:
        UserError: it was for another trial.
    """
    if trial_id in (None, opened.trial_id):
        return opened
    raise UserError(
        f"The test data were opened for {opened.trial_id} on {wording.local_time(opened.opened_at)}"
        f" and can be opened only once. Choosing {trial_id} now would be a choice by the test "
        "score, which would make that score as optimistic as the validation score."
    )


def _open(
    experiment_dir: Path, trial_id: str | None, opened_by: str, progress: Progress | None
) -> TestOpening:
    """Score the trial and record the opening; the caller holds the experiment's lock."""
    record, job = store.load_experiment(experiment_dir), store.load_job(experiment_dir)
    trials = store.load_trials(experiment_dir)
    chosen = trial_id or leaderboard.best_trial_id(record, trials, job.primary_metric)
    with_model = [trial.trial_id for trial in trials if trial.best_epoch is not None]
    if chosen not in with_model:
        known = ", ".join(with_model[:10])
        choice = mark(f"Choose from {known}.") if known else mark("None of its trials has one.")
        raise UserError(f"{chosen} has no model in {experiment_dir.name}. {choice}")
    opening, predictions = _score(experiment_dir, chosen, opened_by, progress)
    store.save_test(experiment_dir, opening, predictions)
    score = opening.metrics[job.primary_metric]
    store.save_experiment(experiment_dir, record.model_copy(update={"test_score": score}))
    if chosen == record.best_trial:
        test_score.complete_card(store.best_model_dir(experiment_dir), opening, job.primary_metric)
    return opening


def _score(
    experiment_dir: Path, trial_id: str, opened_by: str, progress: Progress | None
) -> tuple[TestOpening, Predictions]:
    rows = pictures(experiment_dir)
    if rows.empty:
        raise UserError(
            f"{experiment_dir.name} has no test data. Set test_data in the job, or put pictures "
            "into a folder test beside train."
        )
    with tempfile.TemporaryDirectory() as folder:
        model_dir = _model_dir(experiment_dir, trial_id, Path(folder) / "model")
        predictions, num_unreadable = _predict(model_dir, rows, progress)
    from automl.evaluation import picture_groups
    from automl.evaluation.intervals import bootstrap_interval
    from automl.evaluation.metrics import classification_metrics

    primary_metric = store.load_job(experiment_dir).primary_metric
    probabilities, labels = predictions.probabilities, predictions.labels
    members = picture_groups.members(predictions.sample_ids, groups.of(experiment_dir))
    low, high = bootstrap_interval(primary_metric, probabilities, labels, members)
    opening = TestOpening(
        trial_id=trial_id,
        opened_at=now(),
        opened_by=opened_by,
        num_pictures=len(labels),
        num_unreadable=num_unreadable,
        metrics=classification_metrics(probabilities, labels),
        score_low=low,
        score_high=high,
    )
    return opening, predictions


def _model_dir(experiment_dir: Path, trial_id: str, target: Path) -> Path:
    """Return the directory of the trial's exported model.

    The best trial is exported already. Another trial is exported into `target` by a subprocess,
    because this process must not import torch.
    """
    best = store.best_model_dir(experiment_dir)
    if (best / "settings.json").is_file():
        settings = json.loads((best / "settings.json").read_text("utf-8"))
        if settings["trial_id"] == trial_id:
            return best
    exporting.run(ExportRequest(experiment_dir, trial_id, "onnx", target))
    return target


def _predict(
    model_dir: Path, rows: "pd.DataFrame", progress: Progress | None
) -> tuple[Predictions, int]:
    """Predict the readable pictures; return the predictions and the number of unreadable ones."""
    import numpy as np

    from automl.dataset import label_sets
    from automl.prediction.inference import Prediction, Predictor

    model = Predictor(model_dir)
    readable, probabilities = [], []
    for position, answer in enumerate(model.stream(Path(path) for path in rows["path"])):
        if isinstance(answer, Prediction):
            readable.append(position)
            probabilities.append([answer.probabilities[label] for label in model.labels])
        if progress:
            progress(position + 1, len(rows))
    if not readable:
        raise UserError(
            f"None of the {len(rows):,} test pictures can be read; the first one is "
            f"{rows['path'].iloc[0]}. Restore them to the same folder."
        )
    scored = rows.iloc[readable]
    if model.has_label_sets:
        labels = label_sets.truth(scored, model.labels)
    else:
        index = {label: position for position, label in enumerate(model.labels)}
        labels = np.array([index[label] for label in scored["label"]], dtype=np.int64)
    ids = scored["id"].to_numpy(np.int64)
    predictions = Predictions(ids, labels, np.array(probabilities, dtype=np.float32))
    return predictions, len(rows) - len(readable)
