"""The speed of this machine, from the cache or measured in a worker.

The first row waits for one network alone; another is measured before it is trained.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from automl.dataset import picture_location, pictures
from automl.dataset.manifest import Manifest
from automl.dataset.preview import CROP_ROOM
from automl.engine import worker_calls
from automl.engine.planning import situation
from automl.engine.resources import Resources
from automl.errors import UserError
from automl.host import quiet
from automl.host.cores import usable_cores
from automl.jobs import automode, fold_needs, model_catalog, schedule, speeds
from automl.jobs.job import Job
from automl.jobs.speeds import Speeds
from automl.jobs.trial_cost import Costs, Counts
from automl.model import package_weights, pretrained_weights

SIDE = 160
"""Side of the pictures that networks are measured with; other sides follow from it."""

_NUM_DECODED = 12

_log = logging.getLogger(__name__)


class NotNeededError(Exception):
    """Nobody waits any more for what a worker measures."""


def candidates(job: Job, data: Manifest, resources: Resources) -> list[str]:
    """Networks to measure before the first trial, the most important first."""
    if fixed := job.training_parameters.get("model_name"):
        return [fixed]
    given = situation(job, data, has_gpu=resources.num_gpus > 0)
    return given.first_candidates if can_wait(resources) else given.candidates


def can_wait(resources: Resources) -> bool:
    """True if others can be measured while a search holds its share: on our own head, no GPU."""
    return not resources.asked_nodes and not resources.num_gpus


def convert_weights(job: Job, wait: Callable[[], None]) -> None:
    """Convert weights out of a package for the first row, in a worker of this machine.

    It has torch and timm, which a process of its own would take five seconds of a core to import.
    """
    import ray

    name = job.training_parameters.get("model_name", automode.FIRST_ON_CPU)
    timm_name = model_catalog.timm_name(name)
    if pretrained_weights.is_to_convert(timm_name):
        task = ray.remote(_convert).options(num_cpus=0)
        value_if_any(lambda: task.remote(timm_name), wait)


def _convert(timm_name: str) -> None:
    with contextlib.suppress(UserError):  # the look for weights meets it again, and says it
        package_weights.folder(timm_name)


def measured(
    names: Sequence[str],
    resources: Resources,
    num_classes: int,
    wait: Callable[[], None] = lambda: None,
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
    missing = speeds.missing(names, known(resources))
    if missing:
        found = _in_worker(missing, resources, num_classes, wait)
        if found is not None:
            keep(found, resources)
    return known(resources)


def settled(
    names: Sequence[str], resources: Resources, num_classes: int, wait: Callable[[], None]
) -> Speeds | None:
    """Measure networks while the trials of a search wait, in place of what is in the cache.

    The arguments and the value are those of `measured`.
    """
    found = _in_worker(list(names), resources, num_classes, wait)
    if found is not None:
        keep(found.settled(), resources)
    return known(resources)


def by_all_known(before: Costs, resources: Resources) -> Costs:
    """The costs by the networks that have been measured meanwhile, too."""
    found = known(resources)
    return before if found is None else replace(before, speeds=found)


def known(resources: Resources) -> Speeds | None:
    """Speeds in the cache of networks with a trial's threads; None if there are none."""
    return speeds.cached(_device(resources), resources.num_cpus)


def keep(found: Speeds, resources: Resources) -> None:
    """Add speeds with a trial's threads to the cache."""
    speeds.keep(found, _device(resources), resources.num_cpus)


def keep_end(taken: float, resources: Resources, *, is_frozen: bool) -> None:
    """Add the end of a search to the cache, as a multiple of what was expected of it."""
    speeds.keep_end(taken, _device(resources), resources.num_cpus, is_frozen=is_frozen)


def _device(resources: Resources) -> str:
    return "gpu" if resources.num_gpus else "cpu"


def _in_worker(
    names: list[str], resources: Resources, num_classes: int, wait: Callable[[], None]
) -> Speeds | None:
    import ray

    task = ray.remote(_measure).options(
        num_cpus=0 if can_wait(resources) else resources.num_cpus,  # a search holds all cores
        num_gpus=resources.num_gpus,
        label_selector=resources.placing,
    )
    found: Speeds | None = value_if_any(
        lambda: task.remote(names, resources.num_cpus, num_classes), wait
    )
    return found


def value_if_any(begin: Callable[[], Any], wait: Callable[[], None]) -> Any:
    """The value that a worker computes; None if it fails: a trial then fails, too, and says why.

    The arguments are those of `worker_calls.awaited`.
    """
    from ray.exceptions import RayError

    try:
        return worker_calls.awaited(begin, wait)
    except RayError as error:
        _log.warning("a worker that prepares or measures has failed: %s", error)
        return None


def _measure(names: list[str], num_threads: int, num_classes: int) -> Speeds:
    """Measure in a worker, which has torch."""
    from automl.training import speed

    with quiet.moment():
        return speed.measure(names, side=SIDE, num_threads=num_threads, num_classes=num_classes)


def costs(data: Manifest, measured_speeds: Speeds, *, on_gpu: bool) -> Costs:
    """Costs of trials on this data."""
    splits = data.samples["split"].value_counts()
    train, validation = int(splits.get("train", 0)), int(splits.get("validation", 0))
    folds = data.samples["fold"].dropna()
    num_folds = int(folds.max()) + 1 if len(folds) else 0
    held_out = data.samples.loc[data.samples["split"] == "validation", "fold"]
    trained = data.samples.loc[data.samples["split"] == "train", "fold"].dropna()
    counts = Counts(
        train,
        validation,
        len(data.class_names),
        num_folds,
        fold_needs.num_turns(trained.astype(int), train),
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
