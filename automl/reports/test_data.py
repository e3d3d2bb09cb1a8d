"""The test data: sealed until somebody opens them, once, for the trial they have chosen.

A score on the test data is believable only as long as nothing was chosen by it.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from automl.evaluation.predictions import Predictions
from automl.experiments import launcher, store
from automl.experiments.records import TestOpening, TrialRecord, now
from automl.export import exporting
from automl.host import process_lock

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int], None]


def pictures(experiment_dir: Path) -> "pd.DataFrame":
    """The test pictures, as in `samples.parquet`; none where the job has no test data."""
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

    Nothing is recorded unless it succeeds. What was opened before is returned as it is.

    Args:
        experiment_dir: of an experiment that has ended.
        trial_id: the trial to score; the best one if left out.
        by: who opens them; this process's user if left out.
        progress: told how many pictures are scored, and of how many.

    Raises:
        ValueError: it runs, has no test data or no such model, or was opened for another trial.
    """
    record = launcher.record(experiment_dir)
    chosen = trial_id or record.best_trial
    opened = store.load_test_opening(experiment_dir)
    if opened is not None:
        _refuse_second(opened, trial_id)
        return opened
    if not record.state.is_finished:
        raise ValueError(
            f"{experiment_dir.name} is {record.state}. The test data can be opened when it has "
            "ended, so that they have no part in the search."
        )
    if store.is_imported(experiment_dir):
        raise ValueError(
            f"{experiment_dir.name} came from elsewhere and can only be read; its test data are "
            "opened where it ran."
        )
    trial = _scored_trial(experiment_dir, chosen)
    lock = process_lock.take(store.lock_path(experiment_dir))
    if lock is None:
        raise ValueError(f"{experiment_dir.name} is being written to. Try again when it is not.")
    try:
        opened_by = launcher.user() if by is None else by
        opening, predictions = _score(experiment_dir, trial, opened_by, progress)
        store.save_test(experiment_dir, opening, predictions)
        score = opening.metrics[store.load_job(experiment_dir).primary_metric]
        stored = store.load_experiment(experiment_dir)
        store.save_experiment(experiment_dir, stored.model_copy(update={"test_score": score}))
    finally:
        os.close(lock)
    return opening


def _refuse_second(opened: TestOpening, asked: str | None) -> None:
    if asked is not None and asked != opened.trial_id:
        raise ValueError(
            f"The test data were opened for {opened.trial_id} on {opened.opened_at:%d %b %Y}, and "
            f"can be opened once only: choosing between trials by them, now {asked}, would make "
            "the score as flattering as that on the validation data."
        )


def _scored_trial(experiment_dir: Path, trial_id: str | None) -> TrialRecord:
    trials = {trial.trial_id: trial for trial in store.load_trials(experiment_dir)}
    scored = [name for name, trial in trials.items() if trial.best_epoch is not None]
    if not scored:
        raise ValueError(f"{experiment_dir.name} has no trial with a model to score.")
    if trial_id not in scored:
        known = ", ".join(scored[:10])
        raise ValueError(f"{trial_id} has no model in {experiment_dir.name}. Choose from {known}.")
    return trials[trial_id]


def _score(
    experiment_dir: Path, trial: TrialRecord, opened_by: str, progress: Progress | None
) -> tuple[TestOpening, Predictions]:
    rows = pictures(experiment_dir)
    if rows.empty:
        raise ValueError(
            f"{experiment_dir.name} has no test data. Give test_data in the job, or pictures in a "
            "folder called test beside train."
        )
    with tempfile.TemporaryDirectory() as folder:
        model_dir = _model_dir(experiment_dir, trial.trial_id, Path(folder) / "model")
        predictions, num_unreadable = _answers(model_dir, rows, progress)
    from automl.evaluation.metrics import bootstrap_interval, classification_metrics

    primary_metric = store.load_job(experiment_dir).primary_metric
    probabilities, labels = predictions.probabilities, predictions.labels
    low, high = bootstrap_interval(primary_metric, probabilities, labels)
    opening = TestOpening(
        trial_id=trial.trial_id,
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
    """The exported model of the trial; that of another than the best is exported for the occasion,
    in a process of its own, since this one is not to import torch."""
    best = store.best_model_dir(experiment_dir)
    if (best / "settings.json").is_file():
        settings = json.loads((best / "settings.json").read_text("utf-8"))
        if settings["trial_id"] == trial_id:
            return best
    exporting.run(experiment_dir, trial_id, "onnx", target)
    return target


def _answers(
    model_dir: Path, rows: "pd.DataFrame", progress: Progress | None
) -> tuple[Predictions, int]:
    """Answers for the pictures that can be read, and how many cannot."""
    import numpy as np

    from automl.prediction.inference import Prediction, Predictor

    model = Predictor(model_dir)
    index = {label: position for position, label in enumerate(model.labels)}
    kept, probabilities = [], []
    for place, answer in enumerate(model.stream(Path(path) for path in rows["path"])):
        if isinstance(answer, Prediction):
            kept.append(place)
            probabilities.append([answer.probabilities[label] for label in model.labels])
        if progress:
            progress(place + 1, len(rows))
    if not kept:
        raise ValueError(
            f"None of the {len(rows):,} test pictures can be read where they were, the first at "
            f"{rows['path'].iloc[0]}. Bring them back there."
        )
    scored = rows.iloc[kept]
    labels = np.array([index[label] for label in scored["label"]], dtype=np.int64)
    ids = scored["id"].to_numpy(np.int64)
    found = Predictions(ids, labels, np.array(probabilities, dtype=np.float32))
    return found, len(rows) - len(kept)
