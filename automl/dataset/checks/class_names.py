"""Names of classes that do not look like classes: splits, data sets, copies, leftovers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from automl.dataset import label_sets
from automl.dataset.checks.kind import CheckedData, FindingKind, names
from automl.dataset.copied_names import original_of
from automl.dataset.report import Finding, Severity
from automl.dataset.split_words import split_in
from automl.sentences import say

NAMED_LIKE_SPLITS = FindingKind("classes_named_like_splits", Severity.WARNING)
NAMED_LIKE_DATA_SETS = FindingKind("classes_named_like_data_sets", Severity.WARNING)
COPIED = FindingKind("copied_class", Severity.WARNING)
UNSORTED = FindingKind("unsorted_class", Severity.WARNING)
MISSING = FindingKind("class_of_missing_labels", Severity.WARNING)
SIMILAR = FindingKind("similar_class_names", Severity.INFO)
CATCH_ALL = FindingKind("catch_all_class", Severity.INFO)
COMBINED = FindingKind("classes_of_several_labels", Severity.INFO, remedy="choose_other_task")
MOSTLY_COMBINED = FindingKind(
    "classes_mostly_of_several_labels", Severity.WARNING, remedy="choose_other_task"
)
LABELS_IN_ONE = FindingKind("several_labels_in_one", Severity.WARNING)
DATES = FindingKind("classes_like_dates", Severity.WARNING)
NUMBERS = FindingKind("classes_like_measurements", Severity.WARNING)

_FEW_PICTURES = 10
MIN_LETTERS = 6
"""Shorter names that differ in one letter are mostly different words."""

_WORDS = (
    "airplane aeroplane plane aircraft bicycle bike boat bus car motorcycle motorbike ship subway "
    "tram truck van vehicle tractor helicopter locomotive automobile",
    "mnist emnist kmnist qmnist fashionmnist cifar imagenet tinyimagenet imagenette coco voc "
    "caltech celeba lfw kitti cityscapes openimages ham10000 isic eurosat svhn stl food101 "
    "plantvillage plantdoc trashnet kaggle roboflow unsplash flickr pexels pixabay google bing "
    "duckduckgo shutterstock istock inaturalist gbif wikimedia chexpert padchest huggingface",
    "unknown unknowns other others background backgrounds misc miscellaneous distractors "
    "unbekannt andere sonstige sonstiges hintergrund autre autres inconnu otro otros desconocido "
    "fondo altro altri sfondo outros desconhecido 其他 其它 未知 背景 その他 不明 другое",
)
_VEHICLES, _DATA_SETS, _CATCH_ALL = (frozenset(words.split()) for words in _WORDS)
_BESIDE = {
    "train": _VEHICLES,
    "valid": {"invalid"},
    "validated": {"invalidated"},
    "test": {"control"},
}
"""Classes beside which a name of a split is that of a thing."""

_DATA = re.compile(r"(?<![^\W\d_])data(?![^\W\d_])|data[\W_]*sets?(?![^\W\d_])", re.IGNORECASE)
_UNSORTED = re.compile(
    r"unlabell?ed|unsorted|unclassified|uncategori[sz]ed|unannotated|unsortiert|undefined|untitled"
    r"|todo|tbd|te?mp|inbox|to[\W_]?(do|sort|label|review)|not[\W_]labell?ed"
    r"|(new|untitled|neuer|nouveau|nueva|nuova)[\W_]*(folder|ordner|dossier|carpeta|cartella)\W*\d*\W*",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"nan|null|nil|<?na>?|n[./]a\.?|nat|none|missing|no[\W_]label|[-?.–—]+"
    r"|#(n/a|nv|ref!|name\?|value!|wert!|bezug!|div/0!|null!|num!)",
    re.IGNORECASE,
)
"""Words for a cell without a value in pandas, R, SQL and spreadsheets."""

_MANY = 0.5
"""Share of classes that look like several labels from which they hardly are anything else."""

_MONTH = r"(?:jan|feb|m[aä]r|mrz|apr|ma[yi]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
_DATE = re.compile(
    rf"\d{{1,2}}[-. ]+{_MONTH}|{_MONTH}[- ]\d{{2}}|\d{{4}}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d)?",
    re.IGNORECASE,
)
"""Names such as 1-2 and MARCH1, after a spreadsheet has opened them."""

_MIN_COMBINED = 8
_MIN_NUMBERS = 20
_SEPARATED = re.compile(r"[,;|]")
"""Characters that are hardly ever part of a name; see `readers/label_sets.py`."""


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about the names of classes, or of labels."""
    readable = label_sets.one_row_each(data.readable)
    sizes = readable["label"].value_counts()
    labels = sorted(sizes.index)
    if len(labels) < 2:
        return
    has_sets, combined = label_sets.are_in(data.samples), _combined(labels)
    for kind, chosen, what, advice in (
        (
            NAMED_LIKE_SPLITS,
            _splits(labels),
            say("Classes are named like a part of a data set"),
            say(
                "If that is what they are, give them as validation_data or test_data, or put "
                "folders named train and test above those of the classes."
            ),
        ),
        (
            NAMED_LIKE_DATA_SETS,
            _data_sets(labels),
            say("Classes are named like data sets or where pictures were found"),
            say(
                "A model would learn which data set a picture is from. Give one data set, or set "
                "label_level to the folders that name what the pictures show."
            ),
        ),
        (
            COPIED,
            _copies(labels),
            say("Classes look like copies of the folder of another class"),
            say("If they mean the same, merge them with corrections: rename_labels."),
        ),
        (
            UNSORTED,
            [label for label in labels if _UNSORTED.fullmatch(label.strip())],
            say("Classes are named like pictures that nobody has sorted yet"),
            say("Sort them, or leave them out with corrections: exclude."),
        ),
        (
            MISSING,
            [label for label in labels if _MISSING.fullmatch(label.strip())],
            say("Classes are named like a label that is missing"),
            say(
                "If it is, empty these cells, or leave the pictures out with corrections: exclude."
            ),
        ),
        (
            DATES,
            [label for label in labels if _DATE.fullmatch(label.strip())],
            say("Names of classes look like dates"),
            say(
                "A spreadsheet makes dates of names such as 1-2. Write the names again, into cells "
                "of text, or rename the classes with corrections: rename_labels."
            ),
        ),
        (
            NUMBERS,
            _measured(sizes),
            say("Classes are many different numbers, most of few pictures"),
            say(
                "If they were counted or measured, write the class of each picture, such as a "
                "range of them, into a column of its own: numbers that are near mean nothing here."
            ),
        ),
        (
            SIMILAR,
            _misspelt(labels),
            say("Names of classes differ in one letter"),
            say("If one is misspelt, merge them with corrections: rename_labels."),
        ),
        (
            _kind_of_combined(len(combined), len(labels), has_sets=has_sets),
            combined,
            say("Names of classes look like several labels in one"),
            say("If they are, separate the labels in all rows alike.")
            if has_sets
            else say(
                "If they are, separate all of them alike and set task: "
                "image_classification_multilabel."
            ),
        ),
        (
            CATCH_ALL,
            [label for label in labels if label.strip().lower() in _CATCH_ALL],
            say("A class stands for everything else"),
            say(
                "A model knows only such other things as the pictures show; add many kinds of them."
            ),
        ),
    ):
        if chosen:
            counts = names(f"{label} ({sizes[label]:,})" for label in chosen)
            paths = readable.loc[readable["label"].isin(chosen), "path"].unique()
            said = say("{what}: {names}.", what=what, names=counts)
            yield kind.finding(paths, said, advice, count=len(chosen))


def _splits(labels: Sequence[str]) -> list[str]:
    found = {label: split_in(label) for label in labels}
    whole = {label: split[0] for label, split in found.items() if split and not split[1]}
    if {"train", "test"} <= set(whole.values()):
        return list(whole)
    words = {word for label in labels for word in _words(label)}
    return [label for label in whole if not words & _BESIDE.get(label.strip().lower(), set())]


def _kind_of_combined(number: int, num_labels: int, *, has_sets: bool) -> FindingKind:
    if has_sets:
        return LABELS_IN_ONE
    return MOSTLY_COMBINED if number >= _MANY * num_labels else COMBINED


def _combined(labels: Sequence[str]) -> list[str]:
    """Those of parts of which one is a class, too.

    Blanks may be within a name: there a word that is no class is in another name, too.
    """
    known = {label.strip() for label in labels}
    separated = [
        label
        for label in labels
        if _SEPARATED.search(label)
        and not known.isdisjoint(part.strip() for part in _SEPARATED.split(label))
    ]
    parts = {label: label.split() for label in labels}
    alone = {words[0] for words in parts.values() if len(words) == 1}
    uses = Counter(word for words in parts.values() for word in words)
    if _MIN_COMBINED <= 2 * len(uses) <= len(parts):  # the same few words in all combinations
        alone = {*uses}
    return separated + [
        label
        for label, words in parts.items()
        if len(words) > 1
        and label not in separated
        and not alone.isdisjoint(words)
        and all(word in alone or uses[word] > 1 for word in words)
    ]


def _measured(sizes: pd.Series) -> list[str]:
    """All classes, if they are whole numbers with gaps, and most have few pictures."""
    labels = [str(label).strip() for label in sizes.index]
    numbers = sorted({int(label) for label in labels if re.fullmatch(r"0|[1-9]\d{0,8}", label)})
    if not len(labels) == len(numbers) >= _MIN_NUMBERS or sizes.median() >= _FEW_PICTURES:
        return []
    is_counted = numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1
    return [] if is_counted else [str(number) for number in numbers]


def _data_sets(labels: Sequence[str]) -> list[str]:
    """At least two, and half of the classes: one such name may be that of a thing."""
    chosen = [label for label in labels if _is_data_set(label)]
    return chosen if len(chosen) >= max(2, len(labels) / 2) else []


def _is_data_set(label: str) -> bool:
    letters = "".join(_words(label))
    known = {letters, letters.rstrip("0123456789")}
    return bool(known & _DATA_SETS or _DATA.search(label))


def _copies(labels: Sequence[str]) -> list[str]:
    """Labels such as `cat (1)` and `cat - Copy` beside `cat`."""
    known = {label.strip().casefold() for label in labels}
    return [label for label in labels if (original_of(label) or "").casefold() in known]


def _misspelt(labels: Sequence[str]) -> list[str]:
    """Labels that become another one if a letter is left out, or two neighbours are swapped."""
    by_words = {" ".join(_words(label)): label for label in labels}
    chosen: set[str] = set()
    for words, label in by_words.items():
        if len(words) >= MIN_LETTERS and not re.search(r"\d", words):
            near = {by_words[other] for other in _near(words) if other in by_words} - {label}
            chosen |= {label, *near} if near else set()
    return sorted(chosen)


def _near(words: str) -> Iterator[str]:
    """With one letter less or two swapped; the first one is hardly ever misspelt."""
    for at in range(1, len(words)):
        if at < len(words) - 1 or words[at] != "s":  # the plural is another finding
            yield words[:at] + words[at + 1 :]
        yield words[:at] + words[at : at + 2][::-1] + words[at + 2 :]


def _words(label: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", label.casefold()) if word]
