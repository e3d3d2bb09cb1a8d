"""`python -m automl.engine.estimate < job.yml`: estimate a job's time, memory and disk space.

Prints `done total` for the networks it measures, and after each of them the estimate as JSON: the
networks that are not measured yet are compared with the others by their multiply-adds.
"""

import functools
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from automl.dataset import manifest, pixels
from automl.dataset.manifest import Manifest
from automl.dataset.packed_pictures import layout
from automl.engine import measuring, preview, side_answers
from automl.engine.planning import plan, reachable
from automl.engine.resources import Resources, plan_resources
from automl.engine.side_answers import Counted
from automl.host.cores import usable_cores
from automl.jobs.estimate import Estimate, MeasuredTrial
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.jobs.speeds import Speeds
from automl.texts import mark
from automl.training import speed
from automl.training.speed import TrialMeasure


@dataclass(frozen=True)
class _Asked:
    """The job with what follows from its data and this machine."""

    job: Job
    data: Manifest
    sets: list[Hyperparameters]
    """One set of hyperparameters for every kind of trial."""

    num_trials: int
    resources: Resources
    pixel_bytes: int
    plan: list[str]
    """AutoMode's plan by the speed of this machine; empty for other searches."""

    @functools.cached_property
    def networks(self) -> dict[str, Hyperparameters]:
        """By network the largest pictures and batches that its trials have."""
        largest: dict[str, Hyperparameters] = {}
        for one in sorted(self.sets, key=_size):
            largest |= dict.fromkeys(one.networks, one)
        used = [name for one in self.sets for name in one.networks]
        return {name: largest[name] for name in used}


def estimates(job: Job, progress: Counted) -> Iterator[Estimate]:
    """Measure the networks of the job's trials, one after the other.

    Args:
        job: the job.
        progress: called with the number of measured networks and that of all.

    Yields:
        After each network the estimate by those that are measured.

    Raises:
        UserError: the job or its data cannot be used.
    """
    data = manifest.build(job)
    if job.is_automode:  # the plan in the cache is what the page shows first
        preview.measure(job, data, progress)
    asked = _asked(job, data)
    torch.set_num_threads(asked.resources.num_cpus)
    networks = asked.networks
    measured: dict[str, TrialMeasure] = {}
    for name, hyperparameters in networks.items():
        progress(len(measured), len(networks))
        of_network = hyperparameters.model_copy(update={"model_name": name})
        measured[name] = speed.measure_trial(of_network, len(data.class_names))
        yield _estimate(asked, measured)


def _asked(job: Job, data: Manifest) -> _Asked:
    num_gpus = torch.cuda.device_count()
    decode_seconds = functools.cache(lambda: measuring.decode_seconds(data))
    clock = preview.clock(job, data, decode_seconds) if job.is_automode else None
    planned = plan(job, data, has_gpu=num_gpus > 0, clock=clock)
    resources = plan_resources(
        job, num_trials=planned.num_trials, num_cpus=usable_cores(), num_gpus=num_gpus
    )
    sets = reachable(job, planned)
    return _Asked(
        job=job,
        data=data,
        sets=sets,
        num_trials=planned.num_trials,
        resources=resources,
        pixel_bytes=_pixel_bytes(sets, data),
        plan=preview.sentences(job, data, decode_seconds) if job.is_automode else [],
    )


def _size(hyperparameters: Hyperparameters) -> tuple[int, int]:
    return hyperparameters.training_crop_size, hyperparameters.training_batch_size


def _estimate(asked: _Asked, measured: dict[str, TrialMeasure]) -> Estimate:
    resources, data = asked.resources, asked.data
    speeds = Speeds(networks={name: found.speed for name, found in measured.items()})
    costs = measuring.costs(data, speeds, on_gpu=resources.num_gpus > 0)
    seconds = [costs.of(vars(one)).seconds for one in asked.sets]
    weight_bytes = statistics.mean(found.weight_bytes for found in measured.values())
    at_a_time = resources.max_concurrent_trials
    in_time = 60 * asked.job.limits.timeout_minutes * at_a_time / statistics.mean(seconds)
    return Estimate(
        num_trials=asked.num_trials,
        max_concurrent_trials=at_a_time,
        seconds=statistics.mean(seconds) * asked.num_trials / at_a_time,
        memory_bytes=max(found.memory_bytes for found in measured.values()) * at_a_time,
        device="cuda" if resources.num_gpus else "cpu",
        disk_bytes=round(min(asked.num_trials, in_time) * weight_bytes) + asked.pixel_bytes,
        measured=[
            MeasuredTrial(
                model_name=name,
                side=found.speed.side,
                seconds_per_epoch=costs.of(
                    {**vars(asked.networks[name]), "model_name": name, "method": "fine_tuning"}
                ).epoch,
            )
            for name, found in measured.items()
        ],
        notes=[*resources.notes, *_on_unmeasured(list(asked.networks), list(measured))],
        plan=asked.plan,
    )


def _on_unmeasured(networks: Sequence[str], measured: Sequence[str]) -> list[str]:
    missing = [name for name in networks if name not in measured]
    if not missing:
        return []
    said = mark("Not measured, but compared by the size of the network: {names}.")
    return [said.format(names=", ".join(missing))]


def _pixel_bytes(sets: list[Hyperparameters], data: Manifest) -> int:
    used = data.samples[data.samples["split"].isin(["train", "validation"])]
    every = {pixels.picture_sizes(hyperparameters) for hyperparameters in sets}
    return sum(int(layout(pixels.sizes_of(used, chosen))[-1]) for chosen in every)


if __name__ == "__main__":
    side_answers.give(estimates)
