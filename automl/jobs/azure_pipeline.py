"""The AutoML step of an Azure pipeline as a job of its own: its references are filled in."""

import re
from collections.abc import Mapping
from typing import Any

from automl.jobs import job_errors
from automl.jobs.azure_values import one_of
from automl.jobs.job_errors import JobError, Place
from automl.texts import mark

Lines = Mapping[Place, int]

_REFERENCE = re.compile(r"\$\{\{\s*(?:parent\.)?(inputs|outputs)\.([\w-]+)(?:\.path)?\s*\}\}")
_SHARED_KEYS = ("experiment_name", "description", "display_name", "tags")
"""Keys of a pipeline that say what its step is for, if the step does not say it itself."""


def is_pipeline(data: Any) -> bool:
    """True for the content of a pipeline's file."""
    return isinstance(data, dict) and data.get("type") == "pipeline"


def job_of(
    pipeline: dict[str, Any], lines: Lines, node: str | None = None
) -> tuple[dict[str, Any], dict[Place, int]]:
    """Return the job of an AutoML step, and the line of each of its keys.

    Args:
        pipeline: content of the pipeline's file.
        lines: line of each key of the file.
        node: name of the step; needed only if there are several AutoML steps.

    Raises:
        JobError: there is no such step, or several of which none is named, or the pipeline lacks
            an input that the step refers to.
    """
    jobs = pipeline.get("jobs")
    steps = jobs if isinstance(jobs, dict) else {}
    name = _chosen(steps, node, lines)
    shared = {key: pipeline[key] for key in _SHARED_KEYS if key in pipeline}
    job = {**shared, **_filled(steps[name], pipeline), "type": "automl"}
    own = {place[2:]: line for place, line in lines.items() if place[:2] == ("jobs", name)}
    return job, {place: line for place, line in own.items() if place}


def _chosen(steps: Mapping[str, Any], node: str | None, lines: Lines) -> str:
    names = [name for name, step in steps.items() if _is_automl(step)]
    if node is None and len(names) == 1:
        return names[0]
    if node in names:
        return str(node)
    known = ", ".join(names)
    if not names:
        said = mark("This pipeline has no step with type: automl. Only such a step runs here.")
    elif node:
        said = mark(f"The AutoML steps of this pipeline are {known}, and {node} is none of them.")
    else:
        said = mark(f"The AutoML steps of this pipeline are {known}.")
    if names:
        said += " " + mark(f"Name one: --node {names[0]}.")
    raise JobError([job_errors.problem(("jobs",), said, lines)])


def _is_automl(step: Any) -> bool:
    return isinstance(step, dict) and one_of(step.get("type"), ["automl"]) == "automl"


def _filled(value: Any, pipeline: Mapping[str, Any]) -> Any:
    """Return a part of a step with the pipeline's inputs and outputs in place of references."""
    if isinstance(value, dict):
        filled = {key: _filled(each, pipeline) for key, each in value.items()}
        # a reference to data may stand for its path alone
        is_reference = isinstance(filled.get("path"), dict)
        return {**filled, "path": filled["path"].get("path")} if is_reference else filled
    if isinstance(value, list):
        return [_filled(each, pipeline) for each in value]
    if not isinstance(value, str):
        return value
    if whole := _REFERENCE.fullmatch(value):
        return _referred(whole, pipeline)
    return _REFERENCE.sub(lambda found: _as_text(_referred(found, pipeline)), value)


def _referred(found: re.Match[str], pipeline: Mapping[str, Any]) -> Any:
    """The input or output that a reference names; the reference itself if there is no such output.

    Raises:
        JobError: the pipeline has no such input.
    """
    section = pipeline.get(found[1])
    named = section if isinstance(section, dict) else {}
    if found[1] == "inputs" and found[2] not in named:
        sentence = mark(
            f"{found[0]} names an input that the pipeline does not have. Add it to inputs."
        )
        raise JobError([job_errors.problem(("inputs",), sentence, {})])
    value = named.get(found[2], found[0])
    if isinstance(value, dict) and not _has_path(value):
        return value.get("default", value)
    return value


def _has_path(value: Any) -> bool:
    return isinstance(value, dict) and "path" in value


def _as_text(value: Any) -> str:
    return str(value["path"] if _has_path(value) else value)
