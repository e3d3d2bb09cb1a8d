"""Parts of a job that this program takes and Azure refuses: `automl validate --azure`.

The rules are those of Azure's client (azure-ai-ml 1.35), and the ranges are those that Azure
documents. A test compares them with the answers of that client.
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from automl.jobs import addresses, azure_pipeline, distributions, job_errors
from automl.jobs.hyperparameters import FIELDS
from automl.jobs.job_errors import Place, Problem

_REQUIRED = ("type", "task", "target_column_name")
_KEYS: dict[str, frozenset[str]] = {
    "": frozenset(
        (
            *("$schema", "type", "task", "name", "display_name", "experiment_name"),
            *("description", "tags", "properties", "compute", "log_verbosity", "primary_metric"),
            *("target_column_name", "training_data", "validation_data", "test_data"),
            *("validation_data_size", "limits", "training_parameters", "search_space", "sweep"),
            *("resources", "identity", "queue_settings", "environment_id"),
            *("environment_variables", "services", "outputs", "id", "status", "creation_context"),
            "log_files",
        )
    ),
    "data": frozenset(("type", "path", "mode", "datastore")),
    "limits": frozenset(("max_trials", "max_concurrent_trials", "timeout_minutes")),
    "hyperparameters": frozenset(
        (
            *("ams_gradient", "beta1", "beta2", "distributed", "early_stopping"),
            *("early_stopping_delay", "early_stopping_patience", "evaluation_frequency"),
            *("enable_onnx_normalization", "gradient_accumulation_step", "layers_to_freeze"),
            *("learning_rate", "learning_rate_scheduler", "model_name", "momentum", "nesterov"),
            *("number_of_epochs", "number_of_workers", "optimizer", "random_seed"),
            *("step_lr_gamma", "step_lr_step_size", "training_batch_size"),
            *("validation_batch_size", "warmup_cosine_lr_cycles"),
            *("warmup_cosine_lr_warmup_epochs", "weight_decay", "training_crop_size"),
            *("validation_crop_size", "validation_resize_size", "weighted_loss"),
        )
    ),
}
_FIXED_ONLY = frozenset(("advanced_settings", "checkpoint_frequency", "checkpoint_run_id"))
"""Hyperparameters that Azure takes in `training_parameters` alone."""

_MODES = ("direct", "download", "ro_mount", "eval_mount", "eval_download")
_METRICS = (
    *("accuracy", "auc_weighted", "norm_macro_recall", "average_precision_score_weighted"),
    *("precision_score_weighted", "iou"),
)
_POLICIES = ("bandit", "median_stopping", "truncation_selection")
_SCHEDULERS = ("warmup_cosine", "step", "none")
_OPTIMIZERS = ("sgd", "adam", "adamw", "none")
_SCHEMES = ("http", "https", "wasb", "wasbs", "abfss", "adl")
"""Schemes of addresses that Azure reads."""

_SMALLEST = {"early_stopping_delay": 1}
"""Documented minima that are above those here."""


def problems(
    text: str, data: dict[str, Any], lines: Mapping[Place, int], node: str | None = None
) -> list[Problem]:
    """Return a sentence for each part of a job that Azure would refuse, in the order of the file.

    Args:
        text: the file.
        data: its content, a valid job or a pipeline with one.
        lines: line of each place.
        node: name of the step of a pipeline; needed only if there are several AutoML steps.
    """
    found = [job_errors.problem(place, said, lines) for place, said in _dates(text)]
    is_step = azure_pipeline.is_pipeline(data)  # where Azure reads distributions as text, too
    if is_step:
        data, lines = azure_pipeline.job_of(data, lines, node)
    found += [
        job_errors.problem(place, said, lines) for place, said in _about_job(data, is_step=is_step)
    ]
    return sorted(found, key=lambda problem: problem.line or 0)


def _about_job(data: Mapping[str, Any], *, is_step: bool) -> Iterator[tuple[Place, str]]:
    for key in _REQUIRED:
        if key not in data:
            yield (key,), f"{key} is left out, and Azure needs it. Add it."
    yield from _only_here("", data, ())
    yield from _word(data, ("primary_metric",), _METRICS)
    for key in ("training_data", "validation_data", "test_data"):
        yield from _about_data(data.get(key) or {}, key)
    yield from _only_here("limits", data.get("limits") or {}, ("limits",))
    yield from _about_hyperparameters(data.get("training_parameters") or {})
    for index, sub_space in enumerate(data.get("search_space") or ()):
        yield from _about_space(sub_space, ("search_space", index), is_step=is_step)
    yield from _about_sweep(data.get("sweep") or {})
    for name, service in (data.get("services") or {}).items():
        if "job_service_type" in service:
            place = ("services", name, "job_service_type")
            yield place, "job_service_type is not known to Azure's client. Write type."


def _only_here(
    section: str, content: Mapping[str, Any], place: Place
) -> Iterator[tuple[Place, str]]:
    allowed = _KEYS[section]
    for key in content:
        if key not in allowed:
            yield (*place, key), f"{key} is known here only. Leave it out for Azure."


def _word(
    content: Mapping[str, Any], place: Place, words: tuple[str, ...], *, is_folded: bool = True
) -> Iterator[tuple[Place, str]]:
    """A sentence about a word that Azure does not read in this spelling; its key ends the place."""
    value = content.get(str(place[-1]))
    if isinstance(value, str) and (_snake(value) if is_folded else value.lower()) not in words:
        yield place, f"{place[-1]} is {value!r}, which Azure does not read: {', '.join(words)}."


def _snake(text: str) -> str:
    """Fold the spelling of a word as Azure's client does: `WarmupCosine` to `warmup_cosine`."""
    text = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", text)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", text).lower()


def _about_data(content: Mapping[str, Any], section: str) -> Iterator[tuple[Place, str]]:
    yield from _only_here("data", content, (section,))
    yield from _word(content, (section, "mode"), _MODES, is_folded=False)
    yield from _word(content, (section, "type"), ("mltable",), is_folded=False)
    scheme = str(addresses.of(content.get("path", "")) or "https").partition(":")[0]
    if scheme not in _SCHEMES:
        yield (section, "path"), f"path is at {scheme}:, which Azure does not read."


def _about_hyperparameters(content: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    place = ("training_parameters",)
    known = {key: value for key, value in content.items() if key not in _FIXED_ONLY}
    yield from _only_here("hyperparameters", known, place)
    yield from _word(content, (*place, "optimizer"), _OPTIMIZERS)
    yield from _word(content, (*place, "learning_rate_scheduler"), _SCHEDULERS)
    for key, smallest in _SMALLEST.items():
        if key in content and float(content[key]) < smallest:  # it may be in quotes
            yield (*place, key), f"{key} is {content[key]}. For Azure it is at least {smallest}."


def _about_space(
    sub_space: Mapping[str, Any], place: Place, *, is_step: bool
) -> Iterator[tuple[Place, str]]:
    yield from _only_here("hyperparameters", sub_space, place)
    for key, value in sub_space.items():
        if key not in FIELDS or key == "model_name":
            continue
        if isinstance(value, str) and isinstance(distributions.from_text(value), Mapping):
            if not is_step:
                yield (*place, key), f"{key} is a distribution as text. Write it as keys for Azure."
        elif type(FIELDS[key].default) is int:
            yield from _about_whole(key, value, (*place, key))


def _about_whole(key: str, value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    numbers = [value]
    if isinstance(value, Mapping):
        numbers = [number for name, number in value.items() if name not in ("type", "mu", "sigma")]
        numbers = [each for one in numbers for each in (one if isinstance(one, list) else [one])]
    for number in numbers:
        if type(number) is not int:
            yield place, f"{key} has {number!r}, and Azure takes whole numbers without quotes only."
            return


def _about_sweep(sweep: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    if "limits" in sweep:
        yield ("sweep", "limits"), "limits is inside sweep. Azure reads it beside sweep."
    if isinstance(sweep.get("sampling_algorithm"), Mapping):
        yield (
            ("sweep", "sampling_algorithm"),
            "sampling_algorithm has keys, which Azure's client reads and cannot send. Write its "
            "name only.",
        )
    yield from _word(
        sweep.get("early_termination") or {}, ("sweep", "early_termination", "type"), _POLICIES
    )


def _dates(text: str) -> Iterator[tuple[Place, str]]:
    """Values of a file that the YAML 1.1 of Azure makes a date of, or cannot read."""
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # the 13th month, for example
        said = getattr(error, "problem", None) or error
        yield (), f"Azure's YAML 1.1 cannot read this: {said}."
        return
    for place, value in _values(content, ()):
        if isinstance(value, datetime.date):
            yield place, f"{value} is a date in the YAML 1.1 of Azure. Put it in quotes."


def _values(content: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(content, Mapping | list):
        pairs = content.items() if isinstance(content, Mapping) else enumerate(content)
        for key, value in pairs:
            yield from _values(value, (*place, key))
    else:
        yield place, content
