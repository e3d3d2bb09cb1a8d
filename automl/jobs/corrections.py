"""Changes of a data set, as part of a job; the picture files themselves are not touched."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict

from automl.frozen_model import FrozenModel
from automl.jobs import label_text
from automl.texts import mark


def _label(text: str) -> str:
    stripped = text.strip()
    if problem := label_text.problem(stripped, "corrections"):
        raise ValueError(problem)
    if not stripped:
        raise ValueError(
            mark("corrections has an empty label. Write the label, or remove the entry.")
        )
    return label_text.composed(stripped)


def _labels(given: str | list[str]) -> str | list[str]:
    return _label(given) if isinstance(given, str) else [_label(text) for text in given]


def _location(text: str) -> str:
    if "\0" in text:
        raise ValueError(
            mark(f"corrections adds {text!a}, which no file can be called. Correct it.")
        )
    return text


Label = Annotated[str, AfterValidator(_label)]
Labels = Annotated[str | list[str], AfterValidator(_labels)]
Location = Annotated[str, AfterValidator(_location)]


class Corrections(FrozenModel):
    """Changes in the order in which they are applied, before the data is checked or split.

    A picture is named by the end of its path, as in `cat/0012.jpg`, with enough folders to be
    unique, or by the SHA-256 of its bytes, which names all its copies. Unlike full paths, both
    are valid on another machine too, and for pictures in a zip file.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)  # {7: "seven"} from Python

    rename_labels: dict[Label, Label] = {}
    """Old label -> new label, all at once; equal new labels become one class."""

    add: dict[Location, Labels] = {}
    """Location of a picture elsewhere, as a full path -> its label, after renaming; it trains and
    validates like the pictures of the data."""

    relabel: dict[str, Labels] = {}
    """Picture -> its right label, after renaming; with any number of labels a picture, the list of
    them, which may be empty."""

    exclude: list[str] = []
    """Pictures to leave out."""

    move: dict[str, Literal["train", "validation", "test"]] = {}
    """Picture -> its split; its copies, near copies and the pictures of its group go with it."""

    notes: dict[str, str] = {}
    """Picture -> what somebody wrote about it; without effect on any model."""

    leaked: Literal["keep", "drop", "move"] = "keep"
    """Copies, or near copies, of validation or test pictures in the training data: `keep` warns,
    `drop` removes them from the training data, so that scores stay comparable with others on the
    same data, and `move` moves the validation and test pictures into the training data."""
