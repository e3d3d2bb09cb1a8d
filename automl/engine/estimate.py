"""`python -m automl.engine.estimate < job.yml`: estimate a job's time, memory and disk space.

A few real training steps are measured, and the rest is calculated from them.
"""

import resource
import statistics
import sys

import numpy as np
import torch

from automl.dataset import manifest, pixels
from automl.dataset.manifest import Manifest
from automl.dataset.packed_pictures import PackedPictures, layout, packed_sizes
from automl.engine import measuring, preview
from automl.engine.planning import plan, plan_resources, reachable
from automl.errors import ExperimentError, UserError
from automl.host.cores import usable_cores
from automl.jobs.estimate import Estimate, MeasuredTrial
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.model.network import count_parameters
from automl.training.trial_data import LabelledPictures, TrialData
from automl.training.trial_training import Placement, TrialTraining

_MAX_MEASURED = 4
_MAX_PICTURES = 64
_FORWARD_SHARE = 0.4  # a forward pass takes a third of a training step; the rest is scoring


def estimate(job: Job) -> Estimate:
    """Measure up to four kinds of the job's trials; the others count as their average.

    Raises:
        UserError: the job or its data cannot be used.
        OutOfMemoryError: not even one picture fits into memory.
    """
    data = manifest.build(job)
    num_gpus = torch.cuda.device_count()
    planned = plan(job, data, has_gpu=num_gpus > 0)
    sets, num_trials = reachable(job, planned), planned.num_trials
    resources = plan_resources(
        job, num_trials=num_trials, num_cpus=usable_cores(), num_gpus=num_gpus
    )
    placement = Placement(torch.device("cuda" if num_gpus else "cpu"), resources.num_cpus)
    kinds = {_kind(hyperparameters): hyperparameters for hyperparameters in sets}
    epoch_seconds, weights = {}, {}
    for kind, hyperparameters in list(kinds.items())[:_MAX_MEASURED]:
        epoch_seconds[kind], weights[kind] = _measure(hyperparameters, data, placement)
    usual_seconds = statistics.mean(epoch_seconds.values())
    seconds = [epoch_seconds.get(_kind(trial), usual_seconds) * _epochs(trial) for trial in sets]
    checkpoints = num_trials * statistics.mean(weights.values())
    num_unmeasured = len(kinds) - len(epoch_seconds)
    return Estimate(
        num_trials=num_trials,
        max_concurrent_trials=resources.max_concurrent_trials,
        seconds=statistics.mean(seconds) * num_trials / resources.max_concurrent_trials,
        memory_bytes=_peak_bytes() * resources.max_concurrent_trials,
        device=placement.device.type,
        disk_bytes=round(checkpoints) + _pixel_bytes(sets, data),
        measured=[
            MeasuredTrial(model_name=name, side=side, seconds_per_epoch=taken)
            for (name, side, *_), taken in epoch_seconds.items()
        ],
        notes=[*resources.notes]
        + (
            [f"{num_unmeasured} more kinds of trials count as the average of these."]
            if num_unmeasured
            else []
        ),
        plan=_plan(job, data) if job.is_automode else [],
    )


def _plan(job: Job, data: Manifest) -> list[str]:
    """AutoMode's plan by the speed of this machine, which is measured first, even if it was before.

    Who asks for an estimate on a machine that is known wants it measured again.
    """
    preview.measure(job, data, again=True)
    return preview.sentences(job, data, lambda: measuring.decode_seconds(data))


def _epochs(hyperparameters: Hyperparameters) -> float:
    """Number of training epochs that take as long as the trial."""
    h = hyperparameters
    return h.number_of_epochs if h.method == "fine_tuning" else _FORWARD_SHARE


def _kind(hyperparameters: Hyperparameters) -> tuple[str, int, int, int]:
    """Hyperparameters that decide the time of a step."""
    h = hyperparameters
    return (h.model_name, h.training_crop_size, h.training_batch_size, h.validation_crop_size)


def _measure(
    hyperparameters: Hyperparameters, data: Manifest, placement: Placement
) -> tuple[float, float]:
    """Seconds of an epoch with its evaluation, and bytes of the weights."""
    counts = data.samples["split"].value_counts()
    num_train, num_validation = int(counts["train"]), int(counts["validation"])
    random_data = _random_data(hyperparameters, min(num_train, _MAX_PICTURES), data.class_names)
    changes = {
        "method": "fine_tuning",
        "number_of_epochs": 2,
        "evaluation_frequency": 1,
        "pretrained": "never",
    }
    training = TrialTraining(hyperparameters.model_copy(update=changes), random_data, placement)
    training.advance(lambda: False)  # the first step allocates and tunes
    evaluation, _ = training.advance(lambda: False)
    seconds = num_train / evaluation.images_per_second
    seconds += evaluation.evaluation_seconds * num_validation / len(random_data.validation.labels)
    parameters = count_parameters(training.built.network)
    return seconds, 4.0 * max(parameters.values())


def _random_data(
    hyperparameters: Hyperparameters, number: int, class_names: list[str]
) -> TrialData:
    """Pictures of random pixels at the sizes of the trial, at least one of each class."""
    number = max(number, len(class_names))
    # as large as the usual photo of 4:3
    resize_size, crop_size = pixels.picture_sizes(hyperparameters)
    sizes = packed_sizes(
        [4_000] * number, [3_000] * number, resize_size=resize_size, crop_size=crop_size
    )
    num_bytes = int(layout(sizes)[-1])
    flat = np.random.default_rng(0).integers(0, 255, num_bytes, dtype=np.uint8)
    labels = np.arange(number) % len(class_names)
    pictures = LabelledPictures(
        PackedPictures.of(flat, sizes), np.arange(number), labels, folds=np.full(number, -1)
    )
    return TrialData(pictures, pictures, class_names, split_hash="")


def _pixel_bytes(sets: list[Hyperparameters], data: Manifest) -> int:
    used = data.samples[data.samples["split"].isin(["train", "validation"])]
    every = {pixels.picture_sizes(hyperparameters) for hyperparameters in sets}
    return sum(int(layout(pixels.sizes_of(used, chosen))[-1]) for chosen in every)


def _peak_bytes() -> int:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    try:
        print(estimate(Job.from_yaml(sys.stdin.read())).model_dump_json())  # noqa: T201
    except (UserError, ExperimentError) as error:
        sys.exit(str(error))
