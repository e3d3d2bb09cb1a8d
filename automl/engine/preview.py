"""AutoMode's plan before the start, by measured speeds. Only measuring needs torch."""

from collections.abc import Callable

from automl.dataset.manifest import Manifest
from automl.engine import measuring
from automl.engine.planning import automode_plan, refused_licence
from automl.engine.resources import Resources, plan_resources
from automl.host import machine
from automl.host.cores import usable_cores
from automl.jobs import automode, model_catalog, plan_text, schedule, speeds
from automl.jobs.job import Job
from automl.jobs.schedule import Clock
from automl.model import pretrained_weights
from automl.model.pretrained_weights import Place

_START_SECONDS = 10.0
"""Starting Ray and reading the data, before the first trial."""


def sentences(job: Job, data: Manifest, decode_seconds: Callable[[], float]) -> list[str]:
    """The plan of an AutoMode job on this machine, in the engine's words.

    Args:
        job: the job.
        data: its pictures.
        decode_seconds: returns the seconds that decoding all of them takes (see
            `measuring.decode_seconds`); called only if the speed of the machine is known.

    Raises:
        UserError: a trial of the plan cannot be trained.
    """
    limit, time = 60.0 * job.limits.timeout_minutes, clock(job, data, decode_seconds)
    if time is None:
        return [plan_text.unmeasured(limit)]
    # weights that are not allowed are left out already; to look them up again may wait for the Hub
    asked = job.model_copy(update={"allowed_licences": None})
    planned = automode_plan(asked, situation(job, data), time)
    return planned.sentences(time, limit)


def clock(job: Job, data: Manifest, decode_seconds: Callable[[], float]) -> Clock | None:
    """The time that an AutoMode job has for its trials; None if the speed is not known.

    The arguments are those of `sentences`.
    """
    resources, limit = _resources(job), 60.0 * job.limits.timeout_minutes
    known = measuring.known(resources)
    if known is None or not is_measured(job, data):
        return None
    costs = measuring.costs(data, known, on_gpu=resources.num_gpus > 0)
    return Clock(
        costs=costs,
        seconds=limit - schedule.kept_of(limit, costs) - _START_SECONDS,
        num_at_a_time=resources.max_concurrent_trials,
        fixed=job.training_parameters,
        decode_seconds=decode_seconds(),
        most_for_refit=schedule.most_for_refit(job, costs),
        task=job.task,
    )


def is_measured(job: Job, data: Manifest) -> bool:
    """True if the speed of the plan's first network is known."""
    first = _candidates(job, situation(job, data))[:1]
    return not speeds.missing(first, measuring.known(_resources(job)))


def measure(
    job: Job,
    data: Manifest,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Measure the networks of the plan that are not in the cache yet, with torch, and keep them.

    Args:
        job: the job.
        data: its pictures.
        progress: called with the number of measured networks and that of all.
    """
    from automl.training import speed

    resources = _resources(job)
    missing = speeds.missing(_candidates(job, situation(job, data)), measuring.known(resources))
    if not missing:
        return
    found = speed.measure(
        missing,
        side=measuring.SIDE,
        num_threads=resources.num_cpus,
        num_classes=len(data.class_names),
        progress=progress,
    )
    measuring.keep(found, resources)


def _candidates(job: Job, given: automode.Situation) -> list[str]:
    fixed = job.training_parameters.get("model_name")
    return [fixed] if fixed else given.candidates


def _resources(job: Job) -> Resources:
    return plan_resources(
        job,
        num_trials=job.limits.max_trials,
        num_cpus=usable_cores(),
        num_gpus=machine.num_gpus(),
    )


def situation(job: Job, data: Manifest) -> automode.Situation:
    """The engine's situation, without a wait for the Hub."""
    return automode.Situation(
        budget_class="gpu" if machine.num_gpus() else "cpu",
        median_side=int(data.median_side),
        pictures_per_class=data.pictures_per_class,
        num_pictures=data.num_training,
        has_weights=lambda name: _has_weights(job, name),
    )


def _has_weights(job: Job, model_name: str) -> bool:
    fixed = job.training_parameters
    name = fixed.get("model_name", model_name)
    if fixed.get("pretrained") == "never" or refused_licence(job, name):
        return False
    return pretrained_weights.place(model_catalog.timm_name(name)) is Place.HERE
