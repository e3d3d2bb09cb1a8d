"""Changes the user wants made to a data set: part of the job; the image files stay untouched."""

from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints

from automl.frozen_model import FrozenModel

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Corrections(FrozenModel):
    """Applied in the order in which they stand here, before anything is checked or split.

    A picture is named by the end of its path, as in `cat/0012.jpg`, with as many folders as tell
    it from the others, or by the SHA-256 of its bytes, which stands for all its copies. Both
    mean the same on another machine, unlike a full path, and for a zip file, which has none.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)  # 7: seven in YAML means the label "7"

    rename_labels: dict[Label, Label] = {}
    """Old label -> new label, all at once; two with the same new label become one class."""

    relabel: dict[str, Label] = {}
    """Picture -> its right label, as the labels are after renaming."""

    exclude: list[str] = []
    """Pictures to leave out."""

    leaked: Literal["keep", "drop", "move"] = "keep"
    """Pictures, or nearly the same ones, that are given to train and also to validate or test:
    `keep` warns, `drop` takes them out of the training data, which leaves the scores comparable
    with others on the same data, and `move` puts the held-out ones into the training data."""
