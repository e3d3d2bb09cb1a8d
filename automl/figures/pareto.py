"""Trials that no other one beats in both score and cost. Pure."""

from collections.abc import Sequence


def front(costs: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Places of the trials on the front, cheapest first: a cheaper one scores less.

    Of equals the first counts.
    """
    order = sorted(range(len(costs)), key=lambda place: (costs[place], -scores[place]))
    found: list[int] = []
    for place in order:
        if not found or scores[place] > scores[found[-1]]:
            found.append(place)
    return found
