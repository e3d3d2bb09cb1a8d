"""Classes whose pictures come from another source than those of the other classes.

A model then learns the source: the light of one day, the blur of one format, the shape of one
camera's pictures. An attribute divides the classes if nearly all pictures of some have it and
nearly none of the others, more often than chance would have it in any of the attributes.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from automl.dataset.checks import traces
from automl.dataset.checks.kind import CheckedData, FindingKind, names
from automl.dataset.report import Finding, Severity
from automl.sentences import Sentence, listed, say

LEAST_SHARE = 0.95
"""Nearly all: a few pictures that were exchanged or edited do not hide a source."""

MIN_PICTURES = 6
"""Smaller classes may have one source without anybody's fault."""

MAX_VALUES = 3
"""So many cameras, days or sizes still count as the one source of a class."""

MAX_CHANCE = 0.01
"""Limit of the probability (hypergeometric test) that labels dealt out at random would be divided
so by any of the attributes, any of its values and any choice of as many classes (Bonferroni)."""

ONE_SOURCE = FindingKind("one_source", Severity.WARNING)
MODIFIED_TOGETHER = FindingKind("modified_together", Severity.INFO)

_MAX_SENTENCES = 3
_SHAPES = {"portrait", "landscape", "square", "panorama", "vertical", "horizontal"}
"""Classes that are about the shape of the pictures."""


@dataclass(frozen=True)
class _Division:
    """An attribute that nearly all pictures of some classes have, and nearly no other picture."""

    phrases: tuple[str, ...]
    """The attribute; several for classes with a few values of their own, such as days."""

    classes: frozenset[str]
    """Those that have the attribute; or those that lack it, if they are fewer."""

    num_inside: int
    """Pictures of these classes with the attribute."""

    num_outside: int
    """Other pictures with the attribute."""


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about attributes of the files that give the label away."""
    train = data.train
    sizes = train["label"].value_counts()
    train = train[train["label"].isin(sizes[sizes >= MIN_PICTURES].index)]
    if train["label"].nunique() < 2:
        return
    attributes = traces.attributes(train)
    found = {
        name: _divisions(values, train, len(attributes)) for name, values in attributes.items()
    }
    for implied, by in (("shape", "size"), ("compression", "format")):
        known = {division.classes for division in found[by]}
        found[implied] = [one for one in found[implied] if one.classes not in known]
    if _SHAPES & set(train["label"].str.lower()):
        del found["size"], found["shape"]
    divisions = [division for several in found.values() for division in several]
    if divisions:
        yield _finding(ONE_SOURCE, train, divisions)
        return
    by_time = _divisions(traces.modified(train), train, 1)
    if by_time:
        yield _finding(MODIFIED_TOGETHER, train, by_time)


def _divisions(values: pd.Series, train: pd.DataFrame, num_attributes: int) -> list[_Division]:
    """The divisions by one attribute, at most one for each choice of classes.

    Args:
        values: of each picture, missing where unknown.
        train: the pictures, of at least two classes.
        num_attributes: how many are tried.
    """
    if values.nunique(dropna=False) < 2:
        return []  # every picture is alike in this
    labels = train["label"]
    sizes = labels.value_counts()
    counts = labels.groupby([values, labels]).size()
    counts.index.names = ["value", "label"]
    table = counts.rename("count").reset_index()
    table["size"] = table["label"].map(sizes)
    totals = table.groupby("value")["count"].sum()
    budget = math.log(MAX_CHANCE) - math.log(num_attributes * max(1, len(totals)))
    having, lacking = [], []
    full = table[table["count"] >= LEAST_SHARE * table["size"]]
    for value, rows in full.groupby("value"):
        inside = frozenset(rows["label"])
        num_inside, num_with = int(rows["count"].sum()), int(totals[value])
        if len(inside) == len(sizes) or num_inside < LEAST_SHARE * num_with:
            continue
        if _log_chance(num_inside, num_with, inside, sizes) > budget:
            continue
        num_outside = num_with - num_inside
        others = table[(table["value"] == value) & ~table["label"].isin(inside)]
        if 2 * len(inside) <= len(sizes):
            having.append(_Division((str(value),), inside, num_inside, num_outside))
        elif (others["count"] <= (1 - LEAST_SHARE) * others["size"]).all():
            outside = frozenset(sizes.index) - inside
            lacking.append(_Division((str(value),), outside, num_outside, num_inside))
    several = _by_several(table, totals, sizes, budget)
    return list({one.classes: one for one in (*lacking, *several, *having)}.values())


def _by_several(
    table: pd.DataFrame,
    totals: pd.Series,
    sizes: pd.Series,
    budget: float,
) -> Iterator[_Division]:
    """Classes with two or three values of their own, such as days.

    Args:
        table: one row for each value and label, with `count`.
        totals: pictures with each value.
        sizes: pictures of each label.
        budget: largest logarithm of the chance.
    """
    own = table[table["count"] >= LEAST_SHARE * table["value"].map(totals)]
    for label, rows in own.groupby("label"):
        first = rows.nlargest(MAX_VALUES, "count")
        num_own = int(first["count"].sum())
        if len(first) < 2 or num_own < LEAST_SHARE * sizes[label]:
            continue
        num_with = int(totals[first["value"]].sum())
        choices = (len(first) - 1) * math.log(len(totals))
        inside = frozenset([str(label)])
        if _log_chance(num_own, num_with, inside, sizes) + choices <= budget:
            phrases = tuple(map(str, first["value"]))
            yield _Division(phrases, inside, num_own, num_with - num_own)


def _log_chance(num_inside: int, num_with: int, inside: frozenset[str], sizes: pd.Series) -> float:
    """Logarithm of the chance that some choice of as many classes has so many of the pictures with
    an attribute."""
    num_pictures, of_them = int(sizes.sum()), int(sizes[list(inside)].sum())
    outcomes = [
        _log_ways(of_them, inner) + _log_ways(num_pictures - of_them, num_with - inner)
        for inner in range(num_inside, min(num_with, of_them) + 1)
    ]
    largest = max(outcomes)  # the sum of their exponentials would not fit into a float
    tail = largest + math.log(sum(math.exp(outcome - largest) for outcome in outcomes))
    return tail - _log_ways(num_pictures, num_with) + _log_ways(len(sizes), len(inside))


def _log_ways(number: int, chosen: int) -> float:
    """Logarithm of the binomial coefficient; scipy.stats, which has it all, is slow to import."""
    parts = (chosen + 1, number - chosen + 1)
    return math.lgamma(number + 1) - sum(math.lgamma(part) for part in parts)


def _finding(kind: FindingKind, train: pd.DataFrame, divisions: list[_Division]) -> Finding:
    concerned = frozenset[str]().union(*(division.classes for division in divisions))
    advice = (
        say(
            "A model may learn to tell the sources apart instead of what the pictures show, and no "
            "score on this data would reveal it. Add pictures of every class from the same "
            "sources, or make the files alike, and test with pictures from elsewhere."
        )
        if kind is ONE_SOURCE
        else say("If they come from another source than the others, a model may learn that.")
    )
    return kind.finding(
        train.loc[train["label"].isin(concerned), "path"],
        *_sentences(train, divisions),
        advice,
        count=len(concerned),
    )


def _sentences(train: pd.DataFrame, divisions: Iterable[_Division]) -> Iterator[Sentence]:
    by_classes = defaultdict(list)
    for division in divisions:
        by_classes[division.classes].append(division)
    most_first = sorted(by_classes.items(), key=lambda item: (-len(item[1]), sorted(item[0])))
    for classes, several in most_first[:_MAX_SENTENCES]:
        num_pictures = int(train["label"].isin(classes).sum())
        inside = [
            say("{number} are {phrase}", number=one.num_inside, phrase=_either(one.phrases))
            for one in several
        ]
        yield say(
            "Of the {total} pictures of {names} {inside}; of the {others} others {outside}.",
            total=num_pictures,
            names=names(sorted(classes)),
            inside=listed(inside),
            others=len(train) - num_pictures,
            outside=", ".join(f"{one.num_outside:,}" for one in several)
            if any(one.num_outside for one in several)
            else say("none"),
        )
    if more := len(most_first[_MAX_SENTENCES:]):
        yield say("The same is true of {more} more classes.", more=more)


def _either(phrases: tuple[str, ...]) -> Sentence:
    """The phrases with `or` between them, each of which has a template of `traces`."""
    *others, last = (Sentence(text=phrase) for phrase in phrases)
    for phrase in reversed(others):
        last = say("{first} or {second}", first=phrase, second=last)
    return last
