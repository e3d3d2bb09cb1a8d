"""The list of trials of a job and its data: everything that is decided before the first starts."""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from automl.dataset.manifest import Manifest
from automl.engine.space_points import moved, point_of_recipe
from automl.errors import UserError
from automl.experiments.records import TrialRecord
from automl.jobs import (
    automode,
    distributions,
    licences,
    model_catalog,
    plan_text,
    schedule,
    search_space,
)
from automl.jobs.compatibility import TrialHyperparameters, resolve
from automl.jobs.hyperparameters import LOOKS, NETWORKS, Hyperparameters, networks_of
from automl.jobs.job import Job
from automl.jobs.picture_sizes import Sizes
from automl.jobs.schedule import Clock, TimedTrial
from automl.model import pretrained_weights
from automl.texts import mark

_CHOICES = (
    "model_name",
    "checkpoint_run_id",
    "training_crop_size",
    "validation_crop_size",
    "validation_resize_size",
)
_STOPPING = {"early_stopping_patience", "early_stopping_delay"}
_MAX_REACHABLE = 64


@dataclass(frozen=True)
class PlannedTrial:
    """One trial to run: its number in the order of sampling, and its hyperparameters."""

    number: int
    hyperparameters: TrialHyperparameters
    proposal: Mapping[str, Any] | None = None
    """The values as a sampler that learns has proposed them, under its own names."""

    wanted: Mapping[str, Any] | None = None
    """Hyperparameters of its recipe, which the plan may have changed to fit into the time."""

    @classmethod
    def of(
        cls,
        number: int,
        requested: Mapping[str, Any],
        proposal: Mapping[str, Any] | None = None,
        wanted: Mapping[str, Any] | None = None,
    ) -> Self:
        """Complete the requested hyperparameters.

        Raises:
            UserError: the values do not go together.
        """
        return cls(number, TrialHyperparameters.of(requested), proposal, wanted)

    @property
    def trial_id(self) -> str:
        """Name of the trial in records and paths."""
        return id_of_number(self.number)

    @property
    def requested(self) -> dict[str, Any]:
        """Hyperparameters from the job and the sampler, as the record of the trial stores them."""
        return self.hyperparameters.requested

    def to_text(self) -> str:
        """JSON of all that a worker needs.

        Ray copies the configurations of all trials of a search for each of them; a text costs
        nothing to copy.
        """
        hyperparameters = self.hyperparameters.model_dump(mode="json")
        return json.dumps({"number": self.number, "hyperparameters": hyperparameters})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The trial of `to_text`, without its proposal and what was wanted."""
        values = json.loads(text)
        hyperparameters = TrialHyperparameters.model_validate(values["hyperparameters"])
        return cls(values["number"], hyperparameters)


def id_of_number(number: int) -> str:
    """Name of the trial with this number."""
    return f"trial-{number:03d}"


def trial_id_in(text: str) -> str:
    """Name of the trial of `PlannedTrial.to_text`; cheap, since every event of Tune needs it."""
    return id_of_number(json.loads(text)["number"])


class LeftOut(NamedTuple):
    """A first trial of AutoMode for which the plan has no time."""

    values: dict[str, Any]
    """Its hyperparameters."""

    place: int
    """Number of the planned trials that the recipes put before it."""


@dataclass(frozen=True)
class RefusedTrial:
    """A drawn trial that cannot be trained: it fails, and the others run."""

    number: int
    requested: Mapping[str, Any]
    error: UserError


@dataclass(frozen=True)
class Plan:
    """The trials that are known before the first starts, and the source of further ones."""

    trials: list[PlannedTrial]
    """In the order they will start; the same job and data give the same list."""

    num_trials: int
    space: list[dict[str, Any]]
    """Sub-spaces of a sampler that learns from trial to trial; empty if there is none."""

    timed: Sequence[TimedTrial] = ()
    """Times of AutoMode's trials; empty if the speed of the machine is not known."""

    left_out: Sequence[LeftOut] = ()
    """AutoMode's first trials for which there is no time."""

    refused: Sequence[RefusedTrial] = ()
    """Drawn trials that cannot be trained."""

    def sentences(self, clock: Clock, limit_seconds: float) -> list[str]:
        """Sentences about AutoMode's trials, see `plan_text.plan`."""
        left_out = [one.values for one in self.left_out]
        return plan_text.plan(self.timed, clock, limit_seconds, left_out)


def plan(
    job: Job,
    manifest: Manifest,
    *,
    has_gpu: bool,
    clock: Clock | None = None,
    recorded: Sequence[TrialRecord] = (),
) -> Plan:
    """Plan the trials of a job with its data on this machine.

    Args:
        job: the job.
        manifest: its data.
        has_gpu: the trials train on a GPU.
        clock: the time for AutoMode's trials; None plans as if there were no limit.
        recorded: trials of a resumed experiment, which AutoMode keeps.

    Raises:
        UserError: none of the sampled combinations can be trained; says why of the first.
    """
    num_trials = job.limits.max_trials
    if job.learns:
        assert job.search_space
        return Plan([], num_trials, job.search_space)
    if job.is_automode:
        return automode_plan(job, situation(job, manifest, has_gpu=has_gpu), clock, recorded)
    return drawn_plan([requested(job, drawn) for drawn in samples(job, num_trials)])


def drawn_plan(drawn: Sequence[Mapping[str, Any]], first_number: int = 0) -> Plan:
    """Plan the trials of a search whose values are all drawn before it starts."""
    trials, refused = [], []
    for number, values in enumerate(drawn, start=first_number):
        try:
            trials.append(PlannedTrial.of(number, values))
        except UserError as error:
            refused.append(RefusedTrial(number, values, error))
    if refused and not trials:
        first = refused[0]
        text = mark(f"No trial of the search can be trained. Trial {first.number}: {first.error}")
        raise UserError(text)
    return Plan(trials, len(drawn), [], refused=refused)


def automode_plan(
    job: Job,
    given: automode.Situation,
    clock: Clock | None,
    recorded: Sequence[TrialRecord] = (),
) -> Plan:
    """Plan AutoMode's trials in a situation; the arguments are those of `plan`."""
    num_trials = job.limits.max_trials
    if recorded:
        return _resumed(given, num_trials, recorded)
    if clock is not None:
        given = automode.sized(given, clock, num_trials)
    recipes = automode.plan(given, num_trials)
    trials, timed, left_out = opening_trials(job, recipes, clock)
    return Plan(trials, num_trials, recipes.space, timed, left_out)


def _resumed(given: automode.Situation, num_trials: int, recorded: Sequence[TrialRecord]) -> Plan:
    """The recorded trials that are left, and the space at the picture size of training."""
    trained_first = sorted(recorded, key=lambda trial: "method" in trial.hyperparameters)
    pretrained = [one for one in trained_first if one.hyperparameters.get("pretrained") != "never"]
    sizes = [trial.hyperparameters.get("training_crop_size") for trial in pretrained]
    size = next((size for size in sizes if size is not None), given.training_size)
    space = automode.plan(replace(given, pretrained_sizes=Sizes(size, size)), num_trials).space
    return Plan(left_of(recorded), num_trials, space)


def left_of(recorded: Sequence[TrialRecord]) -> list[PlannedTrial]:
    """The recorded trials that have not ended, in their order."""
    left = [trial for trial in recorded if not trial.is_kept]
    return [
        _trainable(trial.number, trial.hyperparameters, trial.proposal)
        for trial in sorted(left, key=lambda trial: trial.number)
    ]


def opening_trials(
    job: Job, recipes: automode.Plan, clock: Clock | None = None
) -> tuple[list[PlannedTrial], list[TimedTrial], list[LeftOut]]:
    """AutoMode's first trials, when they run, and those left out; without a clock all are planned.

    Recipes that differ only in what the job fixes give the same trial: it is planned once.
    """
    values: list[dict[str, Any]] = []
    proposals = []
    for recipe in recipes.opening:
        asked = requested(job, recipe.values)
        if not _is_wanted(job, recipe.values):
            continue
        if asked not in values:
            values.append(asked)
            proposals.append(point_of_recipe(recipe, recipes.space))
    timed = [] if clock is None else schedule.walk(values, clock)
    chosen = [(one.index, one.values) for one in timed] or list(enumerate(values))
    trials = [
        _trainable(number, asked, moved(proposals[index], asked, recipes.space), values[index])
        for number, (index, asked) in enumerate(chosen)
    ]
    indices = {index for index, _ in chosen}
    left_out = [
        LeftOut(asked, sum(each < index for each in indices))
        for index, asked in enumerate(values)
        if index not in indices
    ]
    return trials, timed, left_out


def _is_wanted(job: Job, values: Mapping[str, Any]) -> bool:
    """False for a probe of several networks or looks, if the job fixes otherwise."""
    num_networks = len(networks_of(values))
    if num_networks == 1 and not any(values.get(look) for look in LOOKS):
        return True
    refused = {"method", "checkpoint_run_id"}
    if num_networks > 1:
        refused.add("model_name")
    if num_networks > 2:
        refused |= set(NETWORKS)
    return not refused & set(job.training_parameters)


def _trainable(
    number: int,
    values: Mapping[str, Any],
    proposal: Mapping[str, Any] | None = None,
    wanted: Mapping[str, Any] | None = None,
) -> PlannedTrial:
    """Plan a trial; refuses one that cannot be trained before any other has started."""
    try:
        return PlannedTrial.of(number, values, proposal, wanted)
    except UserError as error:
        text = mark(f"Trial {number} of the search cannot be trained: {error}")
        raise UserError(text) from None


def situation(job: Job, manifest: Manifest, *, has_gpu: bool) -> automode.Situation:
    """Facts about the pictures and the machine that AutoMode plans by."""
    return automode.Situation(
        budget_class="gpu" if has_gpu else "cpu",
        median_side=int(manifest.median_side),
        pictures_per_class=manifest.pictures_per_class,
        num_pictures=manifest.num_training,
        has_weights=lambda name: _has_weights(job, name),
        is_here=lambda name: pretrained_weights.here(model_catalog.timm_name(name)) is not None,
    )


def _has_weights(job: Job, model_name: str) -> bool:
    """True if trials can start from pretrained weights of the model, or of the one the job sets."""
    fixed = job.training_parameters
    name = fixed.get("model_name", model_name)
    if fixed.get("pretrained") == "never" or _refused_weights(job, name):
        return False
    return pretrained_weights.find(model_catalog.timm_name(name)) is not None


def _refused_weights(job: Job, model_name: str) -> str:
    """Return why a trial may not start from the weights of a model; empty if it may, or has none.

    What is refused is not downloaded. Without `allowed_licences`, AutoMode leaves out weights whose
    licence is known to restrict their use.
    """
    name = model_catalog.timm_name(model_name)
    refusal = refused_licence(job, model_name)
    if refusal or job.allowed_licences is None or pretrained_weights.find(name) is None:
        return refusal
    # the weights that are found may state another licence than the catalogue
    return licences.refusal(model_name, pretrained_weights.licence(name), job.allowed_licences)


def refused_licence(job: Job, model_name: str) -> str:
    """Return why the licence of a model's weights is refused, without a look at the Hub."""
    licence = pretrained_weights.licence_here(model_catalog.timm_name(model_name))
    allowed = job.allowed_licences
    if allowed is None:
        is_named = "model_name" in job.training_parameters or not job.is_automode
        if is_named or model_catalog.is_permissive(licence):
            return ""
        allowed = list(model_catalog.PERMISSIVE)
    return licences.refusal(model_name, licence, allowed)


def requested(job: Job, sampled: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameters of a trial: the sampled values, and the job's for all others.

    In AutoMode the job's values take precedence, and weights that are not allowed are not used.
    """
    if job.is_automode:
        values = {**sampled, **job.training_parameters}
        if _STOPPING & set(job.training_parameters):  # the job wants early stopping
            values["early_stopping"] = job.training_parameters.get("early_stopping", True)
        is_fixed, name = "model_name" in job.training_parameters, values.get("model_name")
        if name and not is_fixed and _refused_weights(job, name):
            values["pretrained"] = "never"
        return values
    return {"model_name": Hyperparameters().model_name, **job.training_parameters, **sampled}


def reachable(job: Job, plan: Plan) -> list[Hyperparameters]:
    """One set of hyperparameters for every model with every picture size that can occur.

    These are the known trials, and every combination that the sampler can choose beyond them.

    Raises:
        UserError: a combination cannot be trained or needs weights that the job does not allow, or
            there are too many.
    """
    sets = [trial.hyperparameters.complete for trial in plan.trials]
    for sub_space in plan.space:
        axes = {
            name: search_space.values(sub_space[name]) for name in _CHOICES if name in sub_space
        }
        if math.prod(len(values) for values in axes.values()) > _MAX_REACHABLE:
            raise UserError(
                f"{' and '.join(axes)} can be combined in more than {_MAX_REACHABLE} ways, and the "
                "pictures are prepared for each of them. Give fewer values, as a choice."
            )
        rest = {
            name: value
            for name, value in sub_space.items()
            if not isinstance(value, distributions.DISTRIBUTIONS)
        }
        for values in itertools.product(*axes.values()):
            chosen = dict(zip(axes, values, strict=True))
            sets.append(resolve(requested(job, {**rest, **chosen})))
    started = [values for values in sets if values.pretrained != "never"]
    for model_name in {name for values in started for name in values.networks}:
        if said := _refused_weights(job, model_name):
            raise UserError(said)
    return sets


def samples(job: Job, num_trials: int) -> list[dict[str, Any]]:
    """Values of so many trials of a search that does not learn, or of all that its grid has."""
    if not job.search_space:
        return [{}]
    algorithm = job.sweep.sampling_algorithm if job.sweep else None
    if algorithm and algorithm.type == "grid":
        # a grid may have millions of combinations
        return list(itertools.islice(search_space.grid(job.search_space), num_trials))
    seed = job.seed if algorithm is None or algorithm.seed is None else algorithm.seed
    rule = algorithm.rule if algorithm else "random"
    return search_space.draws(job.search_space, num_trials, seed=seed, rule=rule)
