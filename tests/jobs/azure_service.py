"""Ranges and distributions that Azure documents and its service checks; its client sends any.

The ranges of hyperparameters are those of the page "Hyperparameters for computer vision tasks in
automated machine learning"; where the training component has a smaller minimum, that one, since
the component is what refuses a value.
"""

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
    **dict.fromkeys(("warmup_cosine_lr_warmup_epochs", "step_lr_step_size"), _FROM_ZERO),
    **dict.fromkeys(("checkpoint_frequency", "layers_to_freeze"), _FROM_ZERO),
    **dict.fromkeys(("number_of_workers",), _FROM_ZERO),
    "weighted_loss": (0, 2),
}
_SHARE_OF_PICTURES = (1e-9, 1 - 1e-9)
"""Range of `validation_data_size`: neither none of the pictures nor all of them."""

_POLICY = {"truncation_percentage": (1, 99)}


_DISTRIBUTIONS = {"grid": {"choice"}, "bayesian": {"choice", "uniform", "quniform"}}


def is_taken(text: str) -> bool:
    """True if the service takes a job that the client takes, by what is documented.

    No fixed number is out of its range, and the sampling algorithm knows each distribution.
    """
    job = yaml.safe_load(text)
    return _has_known_distributions(job) and all(
        low <= number <= high for number, (low, high) in _numbers(job)
    )


def _has_known_distributions(job: Mapping[str, Any]) -> bool:
    algorithm = (job.get("sweep") or {}).get("sampling_algorithm")
    known = _DISTRIBUTIONS.get(algorithm) if isinstance(algorithm, str) else None
    if known is None:
        return True
    values = [value for space in job.get("search_space") or [] for value in space.values()]
    return all(value["type"] in known for value in values if isinstance(value, dict))


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
