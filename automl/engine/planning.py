"""From a job and its data to the list of trials: everything that is decided before the first."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from automl import automode, model_catalog, search_space
from automl.dataset.manifest import Manifest
from automl.engine import weights
from automl.hyperparameters import Hyperparameters, resolve
from automl.job import Job


@dataclass(frozen=True)
class PlannedTrial:
    """One trial to run: its place in the order, what was asked for and what that resolves to."""

    number: int
    asked: dict[str, Any]
    hyperparameters: Hyperparameters

    @property
    def trial_id(self) -> str:
        return f"trial-{self.number:03d}"


@dataclass(frozen=True)
class Resources:
    """What each trial gets, and how many run at the same time."""

    max_concurrent_trials: int
    num_cpus: int
    num_gpus: float
    notes: list[str]


def plan_trials(job: Job, manifest: Manifest, *, has_gpu: bool) -> list[PlannedTrial]:
    """All trials in the order they will start; the same job and data give the same list.

    Raises:
        ValueError: a sampled combination cannot be trained; names the trial and the reason.
    """
    trials = []
    for number, sampled in enumerate(_samples(job, manifest, has_gpu=has_gpu)):
        asked = {"model_name": Hyperparameters().model_name, **job.training_parameters, **sampled}
        if job.is_automode:
            asked = {**sampled, **job.training_parameters}
        trials.append(PlannedTrial(number, asked, resolve(asked)))
    return trials


def plan_resources(job: Job, *, num_trials: int, num_cpus: int, num_gpus: int) -> Resources:
    """Concurrency and shares such that trials x threads never exceeds the cores.

    Args:
        job: what was asked for.
        num_trials: how many trials there are to run.
        num_cpus: cores of the cluster.
        num_gpus: GPUs of the cluster.

    Raises:
        ValueError: a trial asks for more than the cluster has.
    """
    asked = job.resources_per_trial
    for name, wanted, there in (("cpu", asked.cpu, num_cpus), ("gpu", asked.gpu, num_gpus)):
        if wanted is not None and wanted > there:
            raise ValueError(
                f"resources_per_trial.{name} is {wanted:g}, but the cluster has {there}. "
                f"Lower it to {there} or less, or leave it out."
            )
    concurrent = min(job.limits.max_concurrent_trials, num_trials)
    fitting = num_cpus // (asked.cpu or 1)
    if asked.gpu:
        fitting = min(fitting, int(num_gpus / asked.gpu))
    notes = []
    if concurrent > fitting:
        notes.append(
            f"{fitting} trials run at the same time instead of {concurrent}: "
            f"there are {num_cpus} cores and {num_gpus} GPUs."
        )
        concurrent = fitting
    gpu_share = 0.0 if not num_gpus else min(1.0, num_gpus / concurrent)
    if 0.5 < gpu_share < 1:
        gpu_share = 0.5  # two fit on a GPU; a share above a half would leave the rest unused
    return Resources(
        max_concurrent_trials=concurrent,
        num_cpus=asked.cpu or num_cpus // concurrent,
        num_gpus=gpu_share if asked.gpu is None else asked.gpu,
        notes=notes,
    )


def _samples(job: Job, manifest: Manifest, *, has_gpu: bool) -> list[dict[str, Any]]:
    num_trials = job.limits.max_trials
    if job.is_automode:
        sides = manifest.samples[["width", "height"]].min(axis=1)
        return automode.portfolio(
            budget_class="gpu" if has_gpu else "cpu",
            median_side=int(sides.median()),
            num_trials=num_trials,
            has_weights=lambda name: weights.find(model_catalog.timm_name(name)) is not None,
        )
    if not job.search_space:
        return [{}]
    algorithm = job.sweep.sampling_algorithm if job.sweep else None
    if algorithm and algorithm.type == "grid":
        return list(search_space.grid(job.search_space))[:num_trials]
    seed = job.seed if algorithm is None or algorithm.seed is None else algorithm.seed
    rng = np.random.default_rng(seed)
    return [search_space.draw(job.search_space, rng) for _ in range(num_trials)]
