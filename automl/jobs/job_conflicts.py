"""Parts of a job that do not go together, each with the place of the problem."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from automl.errors import UserError
from automl.jobs import compatibility, hyperparameter_checks, search_space
from automl.jobs.job_errors import Place
from automl.jobs.sweep import Sweep
from automl.jobs.tasks import TaskRules
from automl.texts import mark


def between(
    shared: Mapping[str, Any], sub_spaces: Sequence[Mapping[str, Any]] | None, sweep: Sweep | None
) -> dict[Place, str]:
    """Return a sentence for every conflict between valid sections of a job, by its place.

    Args:
        shared: `training_parameters`.
        sub_spaces: `search_space`.
        sweep: `sweep`.
    """
    if sub_spaces:
        return _not_drawn(sweep.sampling_algorithm.type, sub_spaces) if sweep else {}
    conflicts: dict[Place, str] = {}
    try:
        compatibility.resolve(shared)
    except UserError as error:
        conflicts["training_parameters",] = str(error)
    return conflicts


def between_valid_sections(data: Any) -> dict[Place, str]:
    """Return the conflicts of a job that is not valid, between those of its sections that are."""
    readers: dict[str, Callable[[Any], Any]] = {
        "training_parameters": hyperparameter_checks.check_fixed,
        "search_space": hyperparameter_checks.check_search_space,
        "sweep": Sweep.model_validate,
    }
    sections = {}
    for key, read in readers.items():
        value = data.get(key) if isinstance(data, dict) else None
        try:
            sections[key] = read(value) if value else None
        except (ValidationError, TypeError, AttributeError):
            if key == "search_space":
                return {}
            sections[key] = None
    return between(
        sections["training_parameters"] or {}, sections["search_space"], sections["sweep"]
    )


def of_the_task(
    task: TaskRules, shared: Mapping[str, Any], sub_spaces: Sequence[Mapping[str, Any]] | None
) -> dict[Place, str]:
    """Return a sentence for every hyperparameter that the task does not have, by its place."""
    if task.has_label_sets:
        return {}
    places: dict[Place, Any] = {("training_parameters", "loss"): shared.get("loss")}
    for index, sub_space in enumerate(sub_spaces or ()):
        places["search_space", index, "loss"] = sub_space.get("loss")
    sentence = mark(
        f"loss is asymmetric, and in task {task.name} {task.about_labels}. Leave loss out, or set "
        "task: image_classification_multilabel."
    )
    return {place: sentence for place, value in places.items() if "asymmetric" in str(value)}


def _not_drawn(algorithm: str, sub_spaces: Sequence[Mapping[str, Any]]) -> dict[Place, str]:
    """Values of the search space that the sampling algorithm cannot draw."""
    problems: dict[Place, str] = {}
    for index, sub_space in enumerate(sub_spaces):
        for name, value in sub_space.items():
            refusal = search_space.refusal(name, value, algorithm)
            if refusal:
                problems["search_space", index, name] = refusal
    return problems
