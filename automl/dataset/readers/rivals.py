"""Two ways to read one folder, compared by certainty and by the labels they give."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from automl.dataset.readers.candidates import LEAST_COVERED, Fitting
from automl.dataset.readers.form import Certainty
from automl.dataset.reading import Guess, Reading, UnclearDataError
from automl.dataset.split_words import is_of_several, split_in, split_of_path
from automl.texts import mark

_IN = mark("The labels are in {place}.")
_LEAST_COMMON = 0.5
_MAX_DIFFERENT = 0.05
_MAX_NAMED = 5


@dataclass(frozen=True, eq=False)
class Rival:
    """One way to read a folder: a table, the tables of its splits, or its class folders."""

    name: str
    certainty: Certainty
    reading: Reading
    labels: Mapping[str, str]
    """Label by picture."""

    tables: Sequence[Fitting] = ()
    """None for class folders."""

    @property
    def rank(self) -> tuple[int, bool, int]:
        """The larger, the surer; a table goes before class folders."""
        return self.certainty, bool(self.tables), sum(one.num_found for one in self.tables)


@dataclass(frozen=True)
class Agreement:
    """Agreement of two readings on the pictures that both label."""

    kind: Literal["same", "contradict", "other", "apart"]
    """`same` labels, perhaps under other names; they `contradict` each other with labels of the
    same names; they are about something `other`; they have no picture in common."""

    num_shared: int
    different: Sequence[str] = ()
    """Pictures with different labels."""

    @property
    def is_contradiction(self) -> bool:
        """True if more than a few pictures have other labels of the same names."""
        most = _MAX_DIFFERENT * self.num_shared
        return self.kind == "contradict" and len(self.different) > most


def of_tables(fitting: Sequence[Fitting], root: Path, num_pictures: int) -> list[Rival]:
    """A rival for each table, and one for all tables that are named after different splits.

    If several are of one split, as `variant_train.txt` and `family_train.txt` are, those belong
    together whose names say the same but for the split.

    Args:
        fitting: the tables.
        root: the folder.
        num_pictures: how many lie below it.
    """
    alone = list(fitting)
    rivals = []
    kinds = {(one.table.path.suffix, one.chosen.columns.image) for one in fitting}
    for kind in sorted(kinds):
        of_splits = [
            one
            for one in fitting
            if (one.table.path.suffix, one.chosen.columns.image) == kind
            and one.certainty
            and split_of_path(one.table.path)
        ]
        for group in _groups(of_splits):
            if len({split_of_path(one.table.path) for one in group}) > 1:
                rivals.append(_of_splits(group, root, num_pictures))
                alone = [one for one in alone if one not in group]
    return rivals + [_rival([one], root) for one in alone]


def _groups(tables: Sequence[Fitting]) -> list[list[Fitting]]:
    """The tables as one group if each is of another split; else by the rest of their names."""
    splits = [split_of_path(one.table.path) for one in tables]
    if len(set(splits)) == len(splits):
        return [list(tables)]
    groups: dict[str, list[Fitting]] = defaultdict(list)
    for one in tables:
        found = split_in(one.table.path.stem)
        groups[found[1] if found else one.table.path.stem].append(one)
    return list(groups.values())


def _of_splits(tables: Sequence[Fitting], root: Path, num_pictures: int) -> Rival:
    """The rival of tables of splits, without one of training and validation data together."""
    parts = [one for one in tables if not is_of_several(one.table.path)]
    has_validation = "validation" in {split_of_path(one.table.path) for one in parts}
    found = _rival(parts if has_validation else tables, root)
    is_likely = len(found.labels) >= LEAST_COVERED * num_pictures and all(
        one.table.label_column for one in tables
    )
    return replace(found, certainty=max(found.certainty, Certainty.LIKELY)) if is_likely else found


def _rival(tables: Sequence[Fitting], root: Path) -> Rival:
    paths = [one.table.path.relative_to(root).as_posix() for one in tables]
    labels: dict[str, str] = {}
    for one in tables:
        labels |= one.labels
    names = ", ".join(paths)
    return Rival(
        name=names,
        certainty=max(one.certainty for one in tables),
        reading=Reading(sentence=_IN.format(place=names), options={"table": "|".join(paths)}),
        labels=labels,
        tables=tables,
    )


@dataclass(frozen=True)
class Outcome:
    """The surest reading, and what is said about the others."""

    best: Rival
    others: list[Reading]
    guesses: list[Guess]


def outcome_of(rivals: Sequence[Rival], place: Path) -> Outcome:
    """The surest of all ways to read a folder.

    Raises:
        UnclearDataError: two are about as sure, and contradict each other.
    """
    best, *others = sorted(rivals, key=lambda rival: rival.rank, reverse=True)
    guesses: list[Guess] = []
    weak: list[Rival] = []
    asked: list[Rival] = []
    for other in others:
        found = compared(best.labels, other.labels)
        is_close = other.certainty >= max(Certainty.LIKELY, best.certainty - 1)
        is_question = other.tables and other.certainty is best.certainty and found.kind != "same"
        if is_question or (is_close and found.is_contradiction):
            asked.append(other)
            continue
        if is_close or (other.certainty and not best.tables):
            guesses.append(_guess(best, other, found))
        elif other.tables and found.kind != "same":
            weak.append(other)
    if asked:
        raise _question(best, asked, place)
    if weak:
        names = ", ".join(other.name for other in weak[:_MAX_NAMED])
        unused = mark("Less sure, and not used: {names}.").format(names=names)
        sentence = f"{_IN.format(place=best.name)} {unused}"
        guesses.append(Guess(sentence=sentence, others=[other.reading for other in weak]))
    return Outcome(best, [reading for guess in guesses for reading in guess.others], guesses)


def compared(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Agreement:
    """Compare two readings, each with labels by picture, on the same pictures."""
    shared = sorted(ours.keys() & theirs.keys())
    pairs = [(_plain(ours[path]), _plain(theirs[path])) for path in shared]
    different = [path for path, (one, two) in zip(shared, pairs, strict=True) if one != two]
    our_names, their_names = {one for one, _ in pairs}, {two for _, two in pairs}
    is_one_to_one = len(set(pairs)) == len(our_names) == len(their_names) > 1
    is_renamed = is_one_to_one and not our_names & their_names
    if not shared:
        return Agreement("apart", 0)
    if not different or is_renamed:
        return Agreement("same", len(shared))
    common = len(our_names & their_names)
    has_same_names = common >= _LEAST_COMMON * min(len(our_names), len(their_names))
    return Agreement("contradict" if has_same_names else "other", len(shared), different)


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", " ", label).strip().casefold()


def _guess(best: Rival, other: Rival, found: Agreement) -> Guess:
    says = {
        "same": mark("the same labels"),
        "other": mark("something else"),
        "apart": mark("labels of other pictures"),
    }
    differs = mark("other labels for {pictures}")
    what = says.get(found.kind) or differs.format(pictures=_differences(best, other, found))
    one = mark("The labels are in {place}, while {other} says {what}.")
    several = mark("The labels are in {place}, while {other} say {what}.")
    template = one if len(other.tables) == 1 else several
    sentence = template.format(place=best.name, other=other.name, what=what)
    return Guess(sentence=sentence, others=[other.reading])


def _differences(best: Rival, other: Rival, found: Agreement) -> str:
    first = found.different[0]
    return mark(
        f"{len(found.different):,} of {found.num_shared:,} pictures, such as {first} "
        f"({best.labels[first]}, or {other.labels[first]})"
    )


def _question(best: Rival, asked: Sequence[Rival], place: Path) -> UnclearDataError:
    readings = [best.reading, *(other.reading for other in asked)]
    found = compared(best.labels, asked[0].labels)
    names = f"{best.name} and {asked[0].name}"
    if found.kind == "apart":
        why = mark(f"{names} name different pictures")
        both = "|".join(str(one.reading.options["table"]) for one in (best, asked[0]))
        readings.append(
            Reading(sentence=mark("{names} together.").format(names=names), options={"table": both})
        )
    else:
        why = mark(f"{names} differ for {_differences(best, asked[0], found)}")
    options = _options(readings)
    return UnclearDataError(
        f"{place} can be read in several ways: {why}. Choose one of them: {options}.",
        readings,
    )


def _options(readings: Iterable[Reading]) -> str:
    return ", or ".join(
        " ".join(f"{name}: {value}" for name, value in reading.options.items())
        for reading in readings
    )
