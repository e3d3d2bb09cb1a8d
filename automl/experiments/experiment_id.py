"""Ids of experiments: they are parts of paths and of addresses, and are typed by people."""

import itertools
import re
import unicodedata
from pathlib import Path

from automl.errors import UserError
from automl.experiments.records import now
from automl.jobs.job import Job

_MAX_LENGTH = 60
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10)),
}
"""Names that no folder can have on Windows."""


def slug(text: str) -> str:
    """The part of a text that can be in an id: a-z, 0-9 and single dashes; empty if none is."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # é -> e
    found = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:_MAX_LENGTH].strip("-")
    return f"{found}-1" if found in _RESERVED else found


def from_name(name: str) -> str:
    """The id of an experiment that was given a name.

    Raises:
        UserError: no id can be made from the name.
    """
    if "/" in name or "\\" in name:
        raise UserError(f"The name {name!r} holds a path separator. Leave out / and \\.")
    experiment_id = slug(name)
    if not experiment_id:
        raise UserError(
            f"The name {name!r} has no letter or digit to make an id from. Use a-z, 0-9 and -."
        )
    return experiment_id


def unused(parent: Path, job: Job) -> str:
    """An id from the data's name and the local time, with a number if the folder has that id."""
    data = slug(job.training_data.path.absolute().stem)[:40].strip("-") or "experiment"
    return with_number(parent, f"{data}-{now().astimezone():%Y%m%d-%H%M%S}")


def with_number(parent: Path, experiment_id: str) -> str:
    """The id itself if the folder has no such experiment, otherwise `<id>-2`, `<id>-3`, ..."""
    numbered = (f"{experiment_id}-{number}" for number in itertools.count(2))
    ids = itertools.chain([experiment_id], numbered)
    return next(each for each in ids if not (parent / each).exists())
