"""The speed of this machine before the first trial, from the cache or measured in a worker."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from automl.dataset import picture_location, pictures
from automl.dataset.manifest import Manifest
from automl.dataset.preview import CROP_ROOM
from automl.engine.planning import situation
from automl.engine.resources import Resources
from automl.host.cores import usable_cores
from automl.jobs import schedule, speeds
from automl.jobs.job import Job
from automl.jobs.speeds import Speeds
from automl.jobs.trial_cost import Costs, Counts

SIDE = 160
"""Side of the pictures that networks are measured with; other sides follow from it."""

_NUM_DECODED = 12
_LOOK_SECONDS = 0.2


def candidates(job: Job, data: Manifest, *, has_gpu: bool) -> list[str]:
    """Networks whose speed the plan depends on, the most important first."""
    fixed = job.training_parameters.get("model_name")
    return [fixed] if fixed else situation(job, data, has_gpu=has_gpu).candidates


def measured(
    names: list[str], resources: Resources, num_classes: int, wait: Callable[[], None]
) -> Speeds | None:
    """Speed of the networks with a trial's threads, from the cache as far as they are in it.

    Args:
        names: the most important network first.
        resources: share of the machine of a trial.
        num_classes: size of the last layer.
        wait: called while a worker measures; may raise an error to give up.

    Returns:
        None if not even one network can be measured: then it fails as a trial, too.
    """
    device = "gpu" if resources.num_gpus else "cpu"
    known = speeds.cached(device, resources.num_cpus)
    missing = speeds.missing(names, known)
    if not missing:
        return known
    found = _in_worker(missing, resources, num_classes, wait)
    if found is not None:
        speeds.keep(found, device, resources.num_cpus)
    return speeds.cached(device, resources.num_cpus)


def _in_worker(
    names: list[str], resources: Resources, num_classes: int, wait: Callable[[], None]
) -> Speeds | None:
    import ray

    task = ray.remote(_measure).options(
        num_cpus=resources.num_cpus,
        num_gpus=resources.num_gpus,
        label_selector=resources.placing,
    )
    pending = task.remote(names, resources.num_cpus, num_classes)
    while not ray.wait([pending], timeout=_LOOK_SECONDS)[0]:
        wait()
    found: Speeds | None = ray.get(pending)
    return found


def _measure(names: list[str], num_threads: int, num_classes: int) -> Speeds | None:
    """Measure in a worker, which has torch."""
    from automl.training import speed

    return speed.measure(names, side=SIDE, num_threads=num_threads, num_classes=num_classes)


def costs(data: Manifest, measured_speeds: Speeds, *, on_gpu: bool) -> Costs:
    """Costs of trials on this data."""
    splits = data.samples["split"].value_counts()
    train, validation = int(splits.get("train", 0)), int(splits.get("validation", 0))
    folds = data.samples["fold"].dropna()
    num_folds = int(folds.max()) + 1 if len(folds) else 0
    held_out = data.samples.loc[data.samples["split"] == "validation", "fold"]
    counts = Counts(
        train,
        validation,
        len(data.class_names),
        num_folds,
        validation_is_given=not held_out.notna().any(),
    )
    return Costs(measured_speeds, counts, on_gpu)


def decode_seconds(data: Manifest) -> float:
    """Seconds to decode all pictures at the largest size, from a few of them."""
    paths = data.readable["path"].tolist()
    some = paths[:: max(1, len(paths) // _NUM_DECODED)][:_NUM_DECODED]
    side = round(schedule.SIZES[0] * CROP_ROOM)

    def decode(path: str) -> None:
        with picture_location.opened(path) as file:
            pictures.load_rgb(file, min_side=side)

    started = time.perf_counter()
    with ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(decode, some))
    return (time.perf_counter() - started) / len(some) * len(paths)
