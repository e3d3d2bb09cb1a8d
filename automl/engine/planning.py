"""From a job and its data to the list of trials: everything that is decided before the first."""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from automl.dataset.manifest import Manifest
from automl.jobs import automode, model_catalog, search_space
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.model import pretrained_weights

_CHOICES = (
    "model_name",
    "checkpoint_run_id",
    "training_crop_size",
    "validation_crop_size",
    "validation_resize_size",
)
_MAX_REACHABLE = 64
SUB_SPACE = "sub_space"
"""What the sampler that learns calls the choice between the sub-spaces."""


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

    def to_text(self) -> str:
        """What its worker has to know.

        Ray copies all trials of a search for each of them; a text costs nothing to copy.
        """
        return json.dumps({"number": self.number, "asked": self.asked})

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls(**json.loads(text))

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


@dataclass(frozen=True)
class Plan:
    """The trials that are known before the first, and where further ones come from."""

    trials: list[PlannedTrial]
    """In the order they will start; the same job and data give the same list."""

    num_trials: int
    space: list[dict[str, Any]]
    """Sub-spaces of a sampler that learns from trial to trial; empty where there is none."""


def plan(job: Job, manifest: Manifest, *, has_gpu: bool) -> Plan:
    """What a job comes to with its data and the machine.

    Raises:
        ValueError: a sampled combination cannot be trained; names the trial and the reason.
    """
    num_trials = job.limits.max_trials
    if job.learns:
        assert job.search_space
        return Plan([], num_trials, job.search_space)
    if job.is_automode:
        found = automode.plan(_situation(manifest, has_gpu=has_gpu), num_trials)
        opening = opening_trials(job, found)
        return Plan(opening, num_trials, found.space if len(opening) < num_trials else [])
    trials = [PlannedTrial(n, asked_for(job, drawn)) for n, drawn in enumerate(_samples(job))]
    _refuse_untrainable(trials)
    return Plan(trials, len(trials), [])


def opening_trials(job: Job, found: automode.Plan) -> list[PlannedTrial]:
    """AutoMode's first trials, without repetitions, to which what the job fixes may lead."""
    trials: list[PlannedTrial] = []
    for recipe in found.opening:
        asked = asked_for(job, recipe.asked)
        if all(asked != trial.asked for trial in trials):
            proposal = _proposal(recipe, found.space)
            trials.append(PlannedTrial(len(trials), asked, proposal))
    _refuse_untrainable(trials)
    return trials


def _proposal(
    recipe: automode.Recipe, space: Sequence[search_space.SubSpace]
) -> dict[str, Any] | None:
    """The recipe as the sampler would have proposed it; None where it is no point of the space."""
    index = recipe.sub_space
    if index is None:
        return None
    values = {
        axis(index, name): math.log(recipe.asked[name])
        if isinstance(value, search_space.LogUniform)
        else recipe.asked[name]
        for name, value in space[index].items()
        if isinstance(value, search_space.DISTRIBUTIONS)
    }
    return {SUB_SPACE: index, **values}


def axis(index: int, name: str) -> str:
    """What the sampler that learns calls a hyperparameter of a sub-space."""
    return f"{index}.{name}"


def _refuse_untrainable(trials: list[PlannedTrial]) -> None:
    """Before any of them has started."""
    for trial in trials:
        try:
            trial.hyperparameters  # noqa: B018
        except ValueError as error:
            text = f"Trial {trial.number} of the search cannot be trained: {error}"
            raise ValueError(text) from None


def _situation(manifest: Manifest, *, has_gpu: bool) -> automode.Situation:
    sides = manifest.samples[["width", "height"]].min(axis=1)
    return automode.Situation(
        budget_class="gpu" if has_gpu else "cpu",
        median_side=int(sides.median()),
        num_pictures=len(sides),
        has_weights=lambda name: pretrained_weights.find(model_catalog.timm_name(name)) is not None,
    )


def asked_for(job: Job, sampled: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a trial: what was sampled over what the job shares."""
    if job.is_automode:
        return {**sampled, **job.training_parameters}
    return {"model_name": Hyperparameters().model_name, **job.training_parameters, **sampled}


def reachable(job: Job, found: Plan) -> list[Hyperparameters]:
    """Hyperparameters of the trials that are known, and one set for every choice of model and
    picture sizes that a search can make beyond them.

    Raises:
        ValueError: a choice does not go together, or there are too many.
    """
    wanted = [trial.hyperparameters for trial in found.trials]
    for sub_space in found.space:
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
            wanted.append(resolve(asked_for(job, {**rest, **chosen})))
    return wanted


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


def with_fewer_trials(resources: Resources) -> Resources:
    """After the machine's memory was short: half as many at a time, each with the cores it had."""
    concurrent = max(1, resources.max_concurrent_trials // 2)
    note = (
        f"The memory of the machine was short: {concurrent} at a time run now instead of "
        f"{resources.max_concurrent_trials}."
    )
    return replace(resources, max_concurrent_trials=concurrent, notes=[*resources.notes, note])


def _samples(job: Job) -> list[dict[str, Any]]:
    if not job.search_space:
        return [{}]
    num_trials = job.limits.max_trials
    algorithm = job.sweep.sampling_algorithm if job.sweep else None
    if algorithm and algorithm.type == "grid":
        # a grid may have millions of combinations
        return list(itertools.islice(search_space.grid(job.search_space), num_trials))
    seed = job.seed if algorithm is None or algorithm.seed is None else algorithm.seed
    rule = algorithm.rule if algorithm else "random"
    return search_space.draws(job.search_space, num_trials, seed=seed, rule=rule)
