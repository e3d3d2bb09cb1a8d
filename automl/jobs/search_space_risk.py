"""Trials of a search space that cannot be trained: how likely they are, and why."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from automl.errors import UserError
from automl.jobs import compatibility, search_space
from automl.texts import mark

_NUM_DRAWS = 400


def sentence(
    shared: Mapping[str, Any], sub_spaces: Sequence[search_space.SubSpace], algorithm: str
) -> str:
    """Return how many of the trials fail before they start, with a reason; empty if none does.

    Args:
        shared: `training_parameters`.
        sub_spaces: the search space.
        algorithm: the sampling algorithm; a grid is looked at in its order.
    """
    if algorithm == "grid":
        drawn = list(itertools.islice(search_space.grid(sub_spaces), _NUM_DRAWS))
    else:
        drawn = search_space.sketched(sub_spaces, _NUM_DRAWS)
    reasons = Counter(filter(None, (_reason({**shared, **values}) for values in drawn)))
    if not reasons:
        return ""
    share = reasons.total() / len(drawn)
    (reason, _), *_ = reasons.most_common(1)
    return mark(
        "About {share} of the trials that this search space allows cannot be trained, and fail "
        "before they start. For example: {reason}"
    ).format(share=f"{max(share, 0.01):.0%}", reason=reason)


def _reason(values: Mapping[str, Any]) -> str:
    try:
        compatibility.resolve(values)
    except UserError as error:
        return str(error)
    return ""
