"""Notes on a valid job: what in it has no effect here, or not the expected one."""

from automl.jobs import compatibility, machine_share, search_space_risk
from automl.jobs.hyperparameters import NO_EFFECT_HERE
from automl.jobs.job import Job
from automl.jobs.search_space import grid_size
from automl.texts import mark

_SECTIONS_WITHOUT_EFFECT = (
    "compute",
    "resources",
    "identity",
    "queue_settings",
    "environment_id",
    "environment_variables",
    "services",
    "outputs",
)
"""Sections that matter on Azure only."""


def notes(job: Job) -> list[str]:
    """Return one sentence for every part of the job that has no effect, or a limited one."""
    return [
        *job.written,
        *[mark("{key} has no effect here.").format(key=key) for key in _keys_without_effect(job)],
        *[
            mark(
                "{alias} is the model {name} here, with weights that timm has under that name."
            ).format(alias=alias, name=name)
            for alias, name in job.model_aliases.items()
        ],
        *[
            mark("outputs.{name} has no effect: only outputs.best_model is written.").format(
                name=name
            )
            for name in (job.outputs.others if job.outputs else ())
        ],
        *_about_machines(job),
        *_about_hyperparameters(job),
        *_about_search(job),
    ]


def _keys_without_effect(job: Job) -> list[str]:
    sections = [key for key in _SECTIONS_WITHOUT_EFFECT if getattr(job, key) is not None]
    if job.outputs and (job.outputs.others or job.model_folder):
        sections.remove("outputs")
    properties = [f"properties.{key}" for key in job.properties if key != machine_share.NODE_COUNT]
    parameters = [
        f"training_parameters.{key}" for key in job.training_parameters if key in NO_EFFECT_HERE
    ]
    return [*sections, *properties, *parameters]


def _about_machines(job: Job) -> list[str]:
    if job.ray_address or machine_share.NODE_COUNT not in job.properties:
        return []
    return [
        mark(
            "properties.node_count_per_trial has no effect on one machine. Set ray_address to the "
            "head of a cluster."
        )
    ]


def _about_hyperparameters(job: Job) -> list[str]:
    if not job.is_sweep:
        return compatibility.TrialHyperparameters.of(job.training_parameters).notes()
    searched = {key for sub_space in job.search_space or [] for key in sub_space}
    return [
        mark(
            "{key} is in training_parameters and in search_space: the search space wins where it "
            "names it."
        ).format(key=key)
        for key in sorted(set(job.training_parameters) & searched)
    ]


def _about_search(job: Job) -> list[str]:
    limits, sweep = job.limits, job.sweep
    said = sweep.notes() if sweep and job.search_space else []
    if sweep and not job.search_space:
        said.append(
            mark("sweep has no effect without search_space: AutoMode chooses the hyperparameters.")
            if job.is_automode
            else mark("sweep has no effect without search_space.")
        )
    if job.search_space and sweep is None:
        said.append(mark("search_space is given without sweep: the values are drawn at random."))
    said += [
        mark("search_space.{index}.{name} always has the same value, as sigma is 0.").format(
            index=index, name=name
        )
        for index, sub_space in enumerate(job.search_space or [])
        for name, value in sub_space.items()
        if getattr(value, "sigma", None) == 0
    ]
    if job.search_space:
        algorithm = sweep.sampling_algorithm.type if sweep else "random"
        risk = search_space_risk.sentence(job.training_parameters, job.search_space, algorithm)
        said += [risk] if risk else []
    if limits.stop_when_no_gain and not job.is_automode:
        said.append(mark("limits.stop_when_no_gain has no effect: it ends only AutoMode's search."))
    if limits.max_concurrent_trials > limits.max_trials:
        said.append(
            mark(
                "limits.max_concurrent_trials is {concurrent} and counts as {trials}, which is "
                "limits.max_trials."
            ).format(concurrent=limits.max_concurrent_trials, trials=limits.max_trials)
        )
    if job.search_space and sweep and sweep.sampling_algorithm.type == "grid":
        size = grid_size(job.search_space)
        if size > limits.max_trials:
            said.append(
                mark(
                    "The grid has {size} combinations: only the first {trials} are tried, because "
                    "of limits.max_trials."
                ).format(size=f"{size:,}", trials=f"{limits.max_trials:,}")
            )
    return said
