"""Documented rules that Azure's service and its trials have, where the client sends any job.

- Ranges of hyperparameters: the page "Hyperparameters for computer vision tasks in automated
  machine learning". Where the training component has a smaller minimum, that one counts.
- Sides of vision transformers: the same page; the training and the validation crop are equal.
- Models: the page "Set up AutoML to train computer vision models"; a detector does not classify.
- Distributions: "Hyperparameter tuning a model"; each algorithm draws from its own, a choice needs
  values, a range a minimum that is not above its maximum, and a deviation is not negative.
- Data: the service's schema (`MLTableJobInput`) requires the `uri` that `path` becomes; the storage
  at `adl:`, Data Lake Storage Gen1, is retired.
"""

import math
import re
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

import yaml

_SHARE = (0, 1)
_COUNT = (1, inf)
_FROM_ZERO = (0, inf)

_LIMITS = {
    "max_trials": (1, 1000),
    "max_concurrent_trials": (1, 100),
    "timeout_minutes": (-inf, 86_400),
}
_HYPERPARAMETERS = {
    **dict.fromkeys(("number_of_epochs", "gradient_accumulation_step"), _COUNT),
    **dict.fromkeys(("training_batch_size", "validation_batch_size"), _COUNT),
    **dict.fromkeys(("early_stopping_patience", "early_stopping_delay"), _COUNT),
    **dict.fromkeys(("training_crop_size", "validation_crop_size"), _COUNT),
    **dict.fromkeys(("validation_resize_size", "evaluation_frequency"), _COUNT),
    **dict.fromkeys(("learning_rate", "weight_decay", "momentum", "beta1", "beta2"), _SHARE),
    **dict.fromkeys(("step_lr_gamma", "warmup_cosine_lr_cycles"), _SHARE),
    **dict.fromkeys(("warmup_cosine_lr_warmup_epochs",), _FROM_ZERO),
    **dict.fromkeys(("step_lr_step_size",), _COUNT),  # the component takes 0, by which it divides
    **dict.fromkeys(("checkpoint_frequency", "layers_to_freeze"), _FROM_ZERO),
    **dict.fromkeys(("number_of_workers",), _FROM_ZERO),
    "weighted_loss": (0, 2),
}
_SHARE_OF_PICTURES = (1e-9, 1 - 1e-9)
"""Range of `validation_data_size`: neither none of the pictures nor all of them."""

_POLICY = {"truncation_percentage": (1, 99)}

_DISTRIBUTIONS = {"grid": {"choice"}, "bayesian": {"choice", "uniform", "quniform"}}
_NO_CLASSIFIER = re.compile(r"|yolov5|(fasterrcnn|retinanet|maskrcnn)_resnet\d+_fpn")


def is_taken(text: str) -> bool:
    """True if a job that the client takes can be trained, by what is documented."""
    job = yaml.safe_load(text)
    return (
        _has_known_distributions(job)
        and all(low <= number <= high for number, (low, high) in _numbers(job))
        and all(_can_be_drawn(name, value) for name, value in _searched(job))
        and all(_can_be_read(job[key]) for key in job if str(key).endswith("_data"))
        and _has_a_classifier(job.get("training_parameters") or {})
    )


def _searched(job: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for space in job.get("search_space") or []:
        yield from ((name, value) for name, value in space.items() if isinstance(value, dict))


def _has_known_distributions(job: Mapping[str, Any]) -> bool:
    algorithm = (job.get("sweep") or {}).get("sampling_algorithm")
    known = _DISTRIBUTIONS.get(algorithm) if isinstance(algorithm, str) else None
    return known is None or all(value["type"] in known for _, value in _searched(job))


def _can_be_drawn(name: str, value: Mapping[str, Any]) -> bool:
    """True if something can be drawn, and not every value is out of the range."""
    if value["type"] == "choice":
        return bool(value.get("values"))
    if "min_value" not in value:
        return float(value.get("sigma", 0)) >= 0
    low, high = float(value["min_value"]), float(value["max_value"])
    first, last = (math.exp(low), math.exp(high)) if "log" in value["type"].lower() else (low, high)
    smallest, largest = _HYPERPARAMETERS.get(name, (-inf, inf))
    return low <= high and first <= largest and last >= smallest


def _can_be_read(data: Mapping[str, Any]) -> bool:
    return "path" in data and not str(data["path"]).startswith("adl:")


def _has_a_classifier(parameters: Mapping[str, Any]) -> bool:
    name = parameters.get("model_name", "seresnext")
    sides = {parameters.get(f"{split}_crop_size", 224) for split in ("training", "validation")}
    is_transformer = re.fullmatch(r"vit[sbl]16r224", name) is not None
    return not _NO_CLASSIFIER.fullmatch(name) and not (is_transformer and len(sides) > 1)


def _numbers(job: Mapping[str, Any]) -> Iterator[tuple[float, tuple[float, float]]]:
    sweep = job.get("sweep") or {}
    sections = (
        (job, {"validation_data_size": _SHARE_OF_PICTURES}),
        (job.get("limits") or {}, _LIMITS),
        (job.get("training_parameters") or {}, _HYPERPARAMETERS),
        (sweep.get("early_termination") or {}, _POLICY),
    )
    for section, ranges in sections:
        for key, allowed in ranges.items():
            if key in section:
                yield float(section[key]), allowed
