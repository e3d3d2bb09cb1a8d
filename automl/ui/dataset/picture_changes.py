"""Change corrections of many pictures at once; each change is one step that can be undone.

A change adds to the corrections as they are when it is made: of two buttons that are clicked before
the page is drawn anew, the second would forget what the first did, if it went on from what was
drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from automl.dataset.corrections import names_of
from automl.dataset.manifest import Manifest
from automl.ui.dataset import data_choice

Split = Literal["train", "validation", "test"]


def leave_out(paths: Sequence[str], original: Manifest, **others: Any) -> None:
    """Leave pictures out, besides those that are left out already.

    Args:
        paths: of the pictures.
        original: the data set as it is.
        others: keys of the corrections that change in the same step.
    """
    names = names_of(paths, original.samples)
    exclude = list(dict.fromkeys([*data_choice.corrections().exclude, *names]))
    data_choice.change(exclude=exclude, **others)


def relabel(labels: Mapping[str, str | list[str]], original: Manifest) -> None:
    """Give pictures other labels, by path; a list where pictures have any number of labels."""
    names = names_of(list(labels), original.samples)
    new = dict(zip(names, labels.values(), strict=True))
    data_choice.change(relabel={**data_choice.corrections().relabel, **new})


def rename(old: str, new: str, original: Manifest) -> None:
    """Give a class another name; that of another class merges the two."""
    corrections = data_choice.corrections()
    now = {name: corrections.rename_labels.get(name, name) for name in original.class_names}
    renamed = {name: new if label == old else label for name, label in now.items()}
    changed = {name: label for name, label in renamed.items() if name != label}
    update: dict[str, Any] = {"rename_labels": changed}
    for key in ("add", "relabel"):
        labels = getattr(corrections, key).items()
        update[key] = {name: _with_new_name(label, old, new) for name, label in labels}
    data_choice.change(**update)


def _with_new_name(labels: str | list[str], old: str, new: str) -> str | list[str]:
    if isinstance(labels, str):
        return new if labels == old else labels
    return list(dict.fromkeys(new if label == old else label for label in labels))


def move(paths: Sequence[str], split: Split, original: Manifest) -> None:
    """Put pictures into a split."""
    moved = dict.fromkeys(names_of(paths, original.samples), split)
    data_choice.change(move={**data_choice.corrections().move, **moved})


def note(paths: Sequence[str], text: str, original: Manifest) -> None:
    """Write a note on pictures; an empty one takes theirs away."""
    names, before = names_of(paths, original.samples), data_choice.corrections().notes
    notes = {name: old for name, old in before.items() if name not in names}
    if text.strip():
        notes |= dict.fromkeys(names, text.strip())
    data_choice.change(notes=notes)


def note_of(path: str, original: Manifest) -> str:
    """The note on a picture; empty if there is none."""
    (name,) = names_of([path], original.samples)
    return data_choice.corrections().notes.get(name, "")


def take_back(key: str, name: str) -> None:
    """Take one change back.

    Args:
        key: of the corrections.
        name: of the picture or class in them.
    """
    values = getattr(data_choice.corrections(), key)
    if isinstance(values, list):
        data_choice.change(**{key: [each for each in values if each != name]})
    else:
        data_choice.change(**{key: {each: values[each] for each in values if each != name}})


def forget(names: Sequence[str]) -> None:
    """Take everything back that was changed about pictures, by their names in the corrections."""
    corrections, gone = data_choice.corrections(), set(names)
    update: dict[str, Any] = {"exclude": [one for one in corrections.exclude if one not in gone]}
    for key in ("relabel", "move", "notes"):
        values = getattr(corrections, key)
        update[key] = {name: value for name, value in values.items() if name not in gone}
    data_choice.change(**update)
