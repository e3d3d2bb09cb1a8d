"""From a job and its data to the list of trials: everything that is decided before the first."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl import automode, model_catalog, search_space
from automl.dataset.manifest import Manifest
from automl.engine import weights
from automl.hyperparameters import Hyperparameters, resolve
from automl.job import Job

_CHOICES = (
    "model_name",
    "training_crop_size",
    "validation_crop_size",
    "validation_resize_size",
)
_MAX_REACHABLE = 64


@dataclass(frozen=True)
class PlannedTrial:
    """One trial to run: its place in the order and what was asked for."""

    number: int
    asked: dict[str, Any]
    proposal: dict[str, float | str] | None = None
    """What a sampler that learns proposed, in its own terms."""

    @property
    def trial_id(self) -> str:
        return f"trial-{self.number:03d}"

    def assigned(self) -> dict[str, Any]:
        """What its worker has to know, as plain values."""
        return {"number": self.number, "trial_id": self.trial_id, "asked": self.asked}

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The complete set.

        Raises:
            ValueError: the values do not go together.
        """
        return resolve(self.asked)


@dataclass(frozen=True)
class Resources:
    """What each trial gets, and how many run at the same time."""

    max_concurrent_trials: int
    num_cpus: int
    num_gpus: float
    notes: list[str]


def plan_trials(job: Job, manifest: Manifest, *, has_gpu: bool) -> list[PlannedTrial]:
    """All trials in the order they will start; the same job and data give the same list.

    Empty for a job whose sampler learns from trial to trial.

    Raises:
        ValueError: a sampled combination cannot be trained; names the trial and the reason.
    """
    if job.learns:
        return []
    trials = []
    for number, sampled in enumerate(_samples(job, manifest, has_gpu=has_gpu)):
        trial = PlannedTrial(number, asked_for(job, sampled))
        try:
            trial.hyperparameters  # noqa: B018 (refused here, before any trial has started)
        except ValueError as error:
            raise ValueError(f"Trial {number} of the search cannot be trained: {error}") from None
        trials.append(trial)
    return trials


def asked_for(job: Job, sampled: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a trial: what was sampled over what the job shares."""
    if job.is_automode:
        return {**sampled, **job.training_parameters}
    return {"model_name": Hyperparameters().model_name, **job.training_parameters, **sampled}


def reachable(job: Job) -> list[Hyperparameters]:
    """One set of hyperparameters for every choice of model and picture sizes a search can make.

    Raises:
        ValueError: a choice does not go together, or there are too many.
    """
    found = []
    for sub_space in job.search_space or [{}]:
        axes = {
            name: search_space.values(sub_space[name]) for name in _CHOICES if name in sub_space
        }
        if math.prod(len(values) for values in axes.values()) > _MAX_REACHABLE:
            raise ValueError(
                f"{' and '.join(axes)} can be combined in more than {_MAX_REACHABLE} ways, and the "
                "pictures are prepared for each of them. Give fewer values, as a choice."
            )
        rest = {
            name: value
            for name, value in sub_space.items()
            if not isinstance(value, search_space.DISTRIBUTIONS)
        }
        for values in itertools.product(*axes.values()):
            chosen = dict(zip(axes, values, strict=True))
            found.append(resolve(asked_for(job, {**rest, **chosen})))
    return found


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
    rule = algorithm.rule if algorithm else "random"
    return search_space.draws(job.search_space, num_trials, seed=seed, rule=rule)
