"""An experiment with many long trials, as its directory would look: only the scores are drawn."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.dataset import manifest
from automl.evaluation.predictions import Predictions
from automl.experiments import launcher, store
from automl.experiments.records import Evaluation, ExperimentState, TrialRecord, TrialState, now
from automl.figures import timeline
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job, Limits

MODELS = ("resnet18", "mobilenetv2", "seresnext", "vits16r224", "resnet50")


def write(data: Path, *, num_trials: int, num_epochs: int) -> Path:
    """Make the directory in the usual place.

    Args:
        data: a folder of pictures.
        num_trials: all of them completed.
        num_epochs: evaluations of each trial.
    """
    job = Job(training_data=DataSource(path=data), limits=Limits(max_trials=num_trials))
    directory = launcher.create(job, name="large")
    found = manifest.build(job)
    store.save_dataset(directory, found.samples, found.report)
    rng = np.random.default_rng(0)
    held_out = found.samples[found.samples["split"] == "validation"]
    for number in range(num_trials):
        trial = _trial(number, num_epochs, rng)
        store.save_trial(directory, trial)
        _save_predictions(directory, trial.trial_id, held_out["id"], held_out["label_index"], rng)
    _end(directory, num_trials)
    return directory


def write_many(data: Path, *, number: int) -> None:
    """Finished experiments of four trials each."""
    directory = write(data, num_trials=4, num_epochs=10)
    for index in range(number):
        copied = Path(shutil.copytree(directory, directory.with_name(f"many-{index:03d}")))
        created_at = now() - timedelta(hours=index)
        record = store.load_experiment(copied)
        changes = {"experiment_id": copied.name, "created_at": created_at}
        store.save_experiment(copied, record.model_copy(update=changes))
    shutil.rmtree(directory)


def write_wide(data: Path, *, num_pictures: int, num_classes: int) -> Path:
    """Two trials with answers for many validation pictures; the files of a small set stand for
    all of them."""
    job = Job(training_data=DataSource(path=data), limits=Limits(max_trials=2))
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(num_pictures) % num_classes)
    names = np.array([f"class {index:03d}" for index in range(num_classes)], object)
    columns = {"label": names[labels], "label_index": labels}
    probabilities = []
    for _ in range(2):
        scores = rng.random((num_pictures, num_classes), dtype=np.float32)
        scores[np.arange(num_pictures), labels] += rng.random(num_pictures, dtype=np.float32)
        powers = np.exp(8 * scores)
        probabilities.append(powers / powers.sum(axis=1, keepdims=True))
    return _write_answers(job, columns, labels, probabilities)


def write_wide_sets(data: Path, *, num_pictures: int, num_labels: int) -> Path:
    """The same with one to three labels a picture."""
    task = "image_classification_multilabel"
    source = DataSource(path=data)
    job = Job(task=task, primary_metric="iou", training_data=source, limits=Limits(max_trials=2))
    rng = np.random.default_rng(0)
    truth = np.zeros((num_pictures, num_labels), bool)
    for _ in range(3):
        own = rng.permutation(np.arange(num_pictures) % num_labels)
        truth[np.arange(num_pictures), own] = True
    names = np.array([f"class {index:03d}" for index in range(num_labels)], object)
    sets = [names[row].tolist() for row in truth]
    columns = {"label": [", ".join(names) for names in sets], "label_set": sets}
    shares = [
        np.where(truth, 1 - rng.random(truth.shape) ** 2, rng.random(truth.shape) ** 40)
        for _ in range(2)
    ]
    return _write_answers(job, columns, truth, [each.astype(np.float32) for each in shares])


def _write_answers(
    job: Job,
    columns: Mapping[str, object],
    labels: NDArray[Any],
    probabilities: Sequence[NDArray[np.float32]],
) -> Path:
    """An experiment with a trial for each of the probabilities (N, K) of validation pictures."""
    name = "wide-sets" if labels.ndim == 2 else "wide"
    directory = launcher.create(job, name=name)
    found = manifest.build(Job(training_data=job.training_data))
    num_pictures, rng = len(labels), np.random.default_rng(1)
    rows = found.samples.iloc[np.arange(num_pictures) % len(found.samples)].reset_index(drop=True)
    rows = rows.assign(
        id=range(num_pictures),
        split="validation",
        content_hash=[f"{row:064x}" for row in range(num_pictures)],
        **columns,
    )
    store.save_dataset(directory, rows, found.report)
    for number, each in enumerate(probabilities):
        trial = _trial(number, 10, rng, job.primary_metric)
        store.save_trial(directory, trial)
        path = store.predictions_path(directory, trial.trial_id)
        store.save_predictions(path, Predictions(np.arange(num_pictures), labels, each))
    _end(directory, len(probabilities))
    return directory


def _end(directory: Path, num_trials: int) -> None:
    metric = store.load_job(directory).primary_metric
    steps = timeline.history(store.load_trials(directory), metric).improvements()
    record = store.load_experiment(directory).model_copy(
        update={
            "best_trial": max(steps, key=lambda step: step.best).trial.trial_id,
            "best_score": steps[-1].best,
            "improvements": [step.best for step in steps],
            "state": ExperimentState.COMPLETED,
            "num_trials": num_trials,
            "progress": 1.0,
            "started_at": now() - timedelta(hours=5),
            "ended_at": now(),
        }
    )
    store.save_experiment(directory, record)


def _trial(
    number: int, num_epochs: int, rng: np.random.Generator, metric: str = "accuracy"
) -> TrialRecord:
    start = now() - timedelta(hours=5) + timedelta(seconds=80 * number)
    top = rng.uniform(0.6, 0.99)
    scores = top * (1 - 0.7 * np.exp(-np.arange(1, num_epochs + 1) / rng.uniform(3, 12)))
    evaluations = [
        Evaluation(
            epoch=epoch,
            metrics=dict.fromkeys(
                (metric, "auc_weighted", "norm_macro_recall", "f1_score_macro"), float(score)
            ),
            train_loss=float(2.3 * (1 - score)),
            valid_loss=float(2.4 * (1 - score)),
            learning_rate=0.001,
            train_seconds=1.2,
            evaluation_seconds=0.2,
            images_per_second=1000.0,
            finished_at=start + timedelta(seconds=1.5 * epoch),
        )
        for epoch, score in enumerate(scores, start=1)
    ]
    return TrialRecord(
        trial_id=f"trial-{number:03d}",
        number=number,
        state=TrialState.COMPLETED,
        hyperparameters={
            "model_name": MODELS[number % len(MODELS)],
            "learning_rate": float(10 ** rng.uniform(-4, -2)),
            "number_of_epochs": num_epochs,
        },
        evaluations=evaluations,
        best_epoch=num_epochs,
        score_low=float(scores[-1]) - 0.02,
        score_high=float(scores[-1]) + 0.01,
        started_at=start,
        ended_at=start + timedelta(seconds=1.5 * num_epochs),
    )


def _save_predictions(directory: Path, trial_id: str, ids, labels, rng) -> None:  # type: ignore[no-untyped-def]
    num_classes = int(labels.max()) + 1
    probabilities = rng.dirichlet(np.full(num_classes, 0.3), size=len(ids)).astype(np.float32)
    predictions = Predictions(ids.to_numpy(np.int64), labels.to_numpy(np.int64), probabilities)
    store.save_predictions(store.predictions_path(directory, trial_id), predictions)
