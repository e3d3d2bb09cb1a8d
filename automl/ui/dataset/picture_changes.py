"""Change corrections of many pictures at once; each change is one step that can be undone."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from automl.dataset.corrections import names_of
from automl.dataset.manifest import Manifest
from automl.jobs.corrections import Corrections
from automl.ui.dataset import data_choice

Split = Literal["train", "validation", "test"]


def leave_out(paths: Sequence[str], original: Manifest, corrections: Corrections) -> None:
    """Leave pictures out, besides those that are left out already."""
    names = names_of(paths, original.samples)
    exclude = list(dict.fromkeys([*corrections.exclude, *names]))
    data_choice.correct(corrections.model_copy(update={"exclude": exclude}))


def relabel(
    labels: Mapping[str, str | list[str]], original: Manifest, corrections: Corrections
) -> None:
    """Give pictures other labels, by path; a list where pictures have any number of labels."""
    names = names_of(list(labels), original.samples)
    relabelled = {**corrections.relabel, **dict(zip(names, labels.values(), strict=True))}
    data_choice.correct(corrections.model_copy(update={"relabel": relabelled}))


def rename(old: str, new: str, original: Manifest, corrections: Corrections) -> None:
    """Give a class another name; that of another class merges the two."""
    names = original.class_names
    now = {name: corrections.rename_labels.get(name, name) for name in names}
    renamed = {name: new if label == old else label for name, label in now.items()}
    changed = {name: label for name, label in renamed.items() if name != label}
    update: dict[str, Any] = {"rename_labels": changed}
    for key in ("add", "relabel"):
        labels = getattr(corrections, key).items()
        update[key] = {name: _with_new_name(label, old, new) for name, label in labels}
    data_choice.correct(corrections.model_copy(update=update))


def _with_new_name(labels: str | list[str], old: str, new: str) -> str | list[str]:
    if isinstance(labels, str):
        return new if labels == old else labels
    return list(dict.fromkeys(new if label == old else label for label in labels))


def move(paths: Sequence[str], split: Split, original: Manifest, corrections: Corrections) -> None:
    """Put pictures into a split."""
    moved = {**corrections.move, **dict.fromkeys(names_of(paths, original.samples), split)}
    data_choice.correct(corrections.model_copy(update={"move": moved}))


def note(paths: Sequence[str], text: str, original: Manifest, corrections: Corrections) -> None:
    """Write a note on pictures; an empty one takes theirs away."""
    names = names_of(paths, original.samples)
    notes = {name: old for name, old in corrections.notes.items() if name not in names}
    if text.strip():
        notes |= dict.fromkeys(names, text.strip())
    data_choice.correct(corrections.model_copy(update={"notes": notes}))


def note_of(path: str, original: Manifest, corrections: Corrections) -> str:
    """The note on a picture; empty if there is none."""
    (name,) = names_of([path], original.samples)
    return corrections.notes.get(name, "")
