"""Points of a search space, as the sampler that learns names and scales them.

A point says which sub-space, and the value of each of its distributions before it is shaped: a
logarithm where the bounds are logarithms.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from automl.jobs import automode, distributions, search_space

SUB_SPACE = "sub_space"
"""The sampler's name for the choice between the sub-spaces."""


def axis(index: int, name: str) -> str:
    """The sampler's name for a hyperparameter of a sub-space."""
    return f"{index}.{name}"


def point_of_recipe(
    recipe: automode.Recipe, space: Sequence[search_space.SubSpace]
) -> dict[str, Any] | None:
    """The recipe as the sampler would have proposed it; None if it is not a point of the space."""
    if recipe.sub_space is None:
        return None
    return _point(recipe.sub_space, recipe.values, space)


def point_of(
    values: Mapping[str, Any], space: Sequence[search_space.SubSpace]
) -> dict[str, Any] | None:
    """The point with these hyperparameters; None if no sub-space has them."""
    for index, sub_space in enumerate(space):
        if all(name in values and _is_in(values[name], sub_space[name]) for name in sub_space):
            return _point(index, values, space)
    return None


def holds(point: Mapping[str, Any], space: Sequence[search_space.SubSpace]) -> bool:
    """True if the point, which may be one of another space, is in this one."""
    index = point.get(SUB_SPACE)
    if not isinstance(index, int) or index not in range(len(space)):
        return False
    axes = _axes(index, space)
    is_complete = set(point) == {SUB_SPACE, *(axis(index, name) for name in axes)}
    return is_complete and all(
        _is_raw_in(point[axis(index, name)], distribution) for name, distribution in axes.items()
    )


def moved(
    proposal: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    space: Sequence[search_space.SubSpace],
) -> dict[str, Any] | None:
    """The point of the space nearest to the network and the epochs that a trial has got.

    The clock may have changed both. The sampler must not learn that the point it proposed has the
    score of another one.
    """
    if proposal is None:
        return None
    index, changed = proposal[SUB_SPACE], dict(proposal)
    for name in ("model_name", "number_of_epochs"):
        choice, value = space[index].get(name), values.get(name)
        if not isinstance(choice, distributions.Choice) or value is None:
            continue
        if value in choice.values:
            changed[axis(index, name)] = value
        elif name == "number_of_epochs":
            nearest = min(choice.values, key=lambda each: abs(each - value))
            changed[axis(index, name)] = nearest
    return changed


def _point(
    index: int, values: Mapping[str, Any], space: Sequence[search_space.SubSpace]
) -> dict[str, Any]:
    axes = _axes(index, space)
    raw = {axis(index, name): _raw(values[name], each) for name, each in axes.items()}
    return {SUB_SPACE: index, **raw}


def _axes(index: int, space: Sequence[search_space.SubSpace]) -> dict[str, Any]:
    """Distributions of a sub-space by name."""
    return {
        name: value
        for name, value in space[index].items()
        if isinstance(value, distributions.DISTRIBUTIONS)
    }


def _is_in(value: Any, given: Any) -> bool:
    """True if a hyperparameter may have the value."""
    if not isinstance(given, distributions.DISTRIBUTIONS):
        return bool(value == given)
    if isinstance(given, distributions.Choice):
        return value in given.values
    if isinstance(given, distributions.RandInt):
        return value in range(given.upper)
    low, high = (float(end) for end in given.examples())
    return isinstance(value, int | float) and low <= value <= high


def _is_raw_in(raw: Any, given: Any) -> bool:
    """True if the sampler may propose the value before it is shaped."""
    if isinstance(given, distributions.BOUNDED):
        return bool(given.min_value <= raw <= given.max_value)
    return _is_in(raw, given)


def _raw(value: Any, given: Any) -> Any:
    """The value before it was shaped; a rounded one may lie a little beyond the bounds."""
    if not isinstance(given, distributions.BOUNDED):
        return value
    is_log = isinstance(given, distributions.LogUniform | distributions.QLogUniform)
    if is_log:
        value = math.log(value) if value > 0 else given.min_value
    return min(max(value, given.min_value), given.max_value)
