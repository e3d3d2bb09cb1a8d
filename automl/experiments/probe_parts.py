"""Probes that contain others and take longer: to be chosen they must be better beyond noise."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from automl.jobs.hyperparameters import LOOKS, NETWORKS, PROBES, is_mirrored, networks_of

if TYPE_CHECKING:
    from automl.evaluation.comparable_scores import Candidate
    from automl.evaluation.picture_groups import Groups

_MOST_NETWORKS = 2
"""Networks up to which a probe is ranked as any other row: the second one gains much more than
noise (`python -m benchmarks.heads`)."""

_OWN = ("method", *NETWORKS, *LOOKS)
"""Hyperparameters in which a probe and its parts differ."""

Values = Mapping[str, Any]


def not_better(
    metric: str,
    rows: "Sequence[Candidate]",
    hyperparameters: Mapping[str, Values],
    together: "Groups | None" = None,
) -> dict[str, str]:
    """Probes of more than two networks, or with mirror images, that may be better by chance.

    A part has fewer of the networks, or no mirror images, and is like the probe otherwise, except
    that features of all stages, which take no longer, may be in one or the other. Against
    the best of its parts a probe needs at least the same score, and a loss that is lower by the
    paired test.

    Args:
        metric: key of the primary metric.
        rows: answers of the trials.
        hyperparameters: of the trials, by id.
        together: groups of the pictures.

    Returns:
        The id of its best part, by the id of a probe.
    """
    found: dict[str, str] = {}
    by_cost = sorted(rows, key=lambda row: num_looks(hyperparameters[row.trial_id]))
    for row in by_cost:
        values = hyperparameters[row.trial_id]
        if not is_mirrored(values) and len(networks_of(values)) <= _MOST_NETWORKS:
            continue
        parts = [
            other
            for other in by_cost
            if other.trial_id not in found and _is_part(hyperparameters[other.trial_id], values)
        ]
        compared = [(*_against(metric, row, part, together), part.trial_id) for part in parts]
        scored = [one for one in compared if not math.isnan(one[0])]
        if scored:
            _, is_better, part_id = max(scored, key=lambda one: one[0])
            found |= {} if is_better else {row.trial_id: part_id}
    return found


def _is_part(part: Values, whole: Values) -> bool:
    if part.get("method") not in PROBES or _others(part) != _others(whole):
        return False
    has_fewer = num_looks(part) < num_looks(whole) and is_mirrored(part) <= is_mirrored(whole)
    return has_fewer and set(networks_of(part)) <= set(networks_of(whole))


def num_looks(values: Values) -> int:
    """Number of times that a network looks at a picture."""
    return len(networks_of(values)) * (2 if is_mirrored(values) else 1)


def _others(values: Values) -> Values:
    return {name: value for name, value in values.items() if name not in _OWN}


def _against(
    metric: str, row: "Candidate", part: "Candidate", together: "Groups | None"
) -> tuple[float, bool]:
    """Score of a part, and True if the row is better beyond noise, on the pictures of both."""
    from automl.evaluation import metrics, significance  # slow to import
    from automl.evaluation.predictions import in_common

    moved = in_common(row.predictions, part.predictions)
    ours, theirs = (metrics.primary(metric, e.probabilities, e.labels) for e in moved)
    is_less_wrong = significance.is_less_wrong(row.as_shown, part.as_shown, together)
    return theirs, ours >= theirs and is_less_wrong
