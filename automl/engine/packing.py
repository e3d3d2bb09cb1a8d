"""The trials that share a GPU: as many as a step that is measured before the first one allows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from automl.engine import measuring
from automl.engine.resources import Resources, gpu_share, trials_of_share
from automl.jobs import speeds
from automl.jobs.gpu_packing import MeasuredGpu, trials_per_gpu
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.texts import mark

if TYPE_CHECKING:
    from automl.training.trial_data import TrialData

_MAX_KINDS = 4


def packed(
    job: Job,
    resources: Resources,
    trials: Sequence[Hyperparameters],
    data: Sequence["TrialData"],
    wait: Callable[[], None],
) -> Resources:
    """The share of a trial, larger where that many do not fit on a GPU or gain nothing there.

    Args:
        job: the job; a share that it asks for stays.
        resources: the share so far.
        trials: every kind that can occur.
        data: their pictures.
        wait: called while a worker measures; may raise an error to give up.
    """
    largest = kinds(trials)[:_MAX_KINDS]
    is_shared = 0 < resources.num_gpus < 1 and job.resources_per_trial.gpu is None
    if not is_shared or not largest:
        return resources
    gpu = measured(largest, len(data[0].class_names), resources, wait)
    if gpu is None:
        return resources
    picture_bytes = max(each.everything().pictures.num_bytes for each in data)
    wanted = trials_of_share(resources.num_gpus)
    return with_share(resources, trials_per_gpu(wanted, gpu, picture_bytes=picture_bytes))


def kinds(trials: Sequence[Hyperparameters]) -> list[Hyperparameters]:
    """One of each kind of trial that trains a network, those first that need most memory."""
    found = {
        (trial.model_name, trial.training_crop_size, trial.training_batch_size): trial
        for trial in trials
        if trial.method == "fine_tuning"
    }
    return sorted(found.values(), key=_size, reverse=True)


def _size(trial: Hyperparameters) -> float:
    """In proportion to the multiply-adds of a batch, which tell the needs for memory roughly."""
    gmacs = speeds.gmacs(trial.model_name)
    return gmacs * trial.training_crop_size**2 * trial.training_batch_size


def with_share(resources: Resources, per_gpu: int) -> Resources:
    """So many trials on each of the GPUs that are in use."""
    before, concurrent = trials_of_share(resources.num_gpus), resources.max_concurrent_trials
    if per_gpu >= before:
        return resources
    fitting = min(concurrent, math.ceil(concurrent / before) * per_gpu)
    note = mark(
        "{count} at a time train on a GPU instead of {before}, by the memory and the time that a "
        "training step takes there."
    ).format(count=per_gpu, before=before)
    return replace(
        resources,
        max_concurrent_trials=fitting,
        num_gpus=gpu_share(per_gpu),
        notes=[*resources.notes, note],
    )


def measured(
    largest: Sequence[Hyperparameters],
    num_classes: int,
    resources: Resources,
    wait: Callable[[], None],
) -> MeasuredGpu | None:
    """A whole GPU of the cluster with a step of each kind of trials; None if none was measured.

    Args:
        largest: the kinds, those first that need most memory.
        num_classes: size of the last layer.
        resources: share of a trial, whose cores the worker takes.
        wait: called meanwhile; may raise an error to give up.
    """
    import ray

    task = ray.remote(_measure).options(
        num_cpus=resources.num_cpus, num_gpus=1, label_selector=resources.placing
    )
    found: MeasuredGpu | None = measuring.value_if_any(
        lambda: task.remote(largest, num_classes), wait
    )
    return found


def _measure(largest: Sequence[Hyperparameters], num_classes: int) -> MeasuredGpu | None:
    """Measure in a worker, which has torch."""
    from automl.training import footprint

    return footprint.measure(largest, num_classes=num_classes)
