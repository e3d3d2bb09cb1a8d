"""The batch of pictures that is being labelled in this session, and what was decided about it."""

from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from automl.dataset import label_sets
from automl.evaluation import natural_order
from automl.evaluation.first_score import Answer
from automl.evaluation.label_next import LabelNext, Suggestion
from automl.ui.dataset import data_choice
from automl.ui.side_work import SideWorks

BATCH = 20
"""Pictures that are asked for at once; the ranking learns from them before the next ones."""

_KEPT = "batch of pictures to label"


@st.cache_resource
def rankings() -> SideWorks[LabelNext]:
    """The rankings of this server."""
    return SideWorks("automl.engine.label_next", LabelNext)


@dataclass
class Batch:
    """Pictures of one ranking."""

    place: Path
    """Folder of the pictures without a label."""

    key: str
    """Key of its ranking."""

    decided: list[str] = field(default_factory=list)
    """Paths of the pictures that were labelled or skipped, the last one last."""

    skipped: set[str] = field(default_factory=set)
    """Paths of pictures that are not asked about again, of earlier batches too."""


def current(place: Path) -> Batch | None:
    """The batch of a place, if one was begun in this session."""
    batch: Batch | None = st.session_state.get(_KEPT)
    return batch if batch is not None and batch.place == place else None


def begin(place: Path, key: str) -> None:
    """Begin the next batch of a place."""
    before = current(place)
    st.session_state[_KEPT] = Batch(place, key, skipped=before.skipped if before else set())


def in_order_of_keys(class_names: list[str], original: list[str]) -> list[str]:
    """Classes that labels have added come after the others, the first of them first.

    Args:
        class_names: of the data with the labels that were given.
        original: classes of the data as it is.
    """
    given = data_choice.corrections().add.values()
    added = dict.fromkeys(name for each in given for name in label_sets.as_list(each))
    others = {name for name in class_names if name in original or name not in added}
    return [*natural_order.names(others), *(name for name in added if name not in others)]


def open_ones(batch: Batch, found: LabelNext) -> list[Suggestion]:
    """The pictures of a batch without a label that were not skipped, in their order."""
    earlier = batch.skipped - set(batch.decided)
    asked = [each for each in found.suggestions if each.path not in earlier][:BATCH]
    return [each for each in asked if _is_open(batch, each.path)]


def label(batch: Batch, path: str, name: Answer) -> None:
    """Give a picture its label, or its labels, which makes it a picture of the data.

    A picture that was decided on stays as it is: a second key, pressed before the next picture was
    drawn, was not meant for the one before.
    """
    if _is_open(batch, path):
        batch.decided.append(path)
        data_choice.change(add={**data_choice.corrections().add, path: name})


def skip(batch: Batch, path: str) -> None:
    """Decide to ask no more about a picture that was not decided on."""
    if _is_open(batch, path):
        batch.decided.append(path)
        batch.skipped.add(path)


def undo(batch: Batch) -> None:
    """Take the last decision back, if there is one."""
    if not batch.decided:
        return
    path = batch.decided.pop()
    batch.skipped.discard(path)
    given = data_choice.corrections().add.items()
    data_choice.change(add={name: label for name, label in given if name != path})


def _is_open(batch: Batch, path: str) -> bool:
    return path not in batch.skipped and path not in data_choice.corrections().add
