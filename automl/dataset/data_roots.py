"""How far whoever opens the app may reach into this machine's files.

It has no login, and a path can come in by a form or a link. The command line has no such limits:
it reads what its user can read.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from automl.errors import UserError
from automl.host import home

if TYPE_CHECKING:
    from automl.jobs.job import Job  # slow: the command line needs the name of the variable alone

VARIABLE = "AUTOML_DATA_ROOTS"


def roots() -> list[Path]:
    """The folders that may be read, resolved: those of `AUTOML_DATA_ROOTS` (separated as in PATH)
    or else the user's home and the working directory; and what the app itself has put away."""
    given = [text for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
    folders = [Path(text).expanduser() for text in given] or [Path.home(), Path.cwd()]
    return [Path(os.path.realpath(folder)) for folder in [*folders, *_our_own()]]


def check(path: Path) -> None:
    """Refuse a path that leads out of the roots, wherever its links lead.

    Raises:
        UserError: names the path, the roots, and how to allow more.
    """
    if "\0" not in str(path):  # no file can be named so
        real = Path(os.path.realpath(path))
        if any(real.is_relative_to(root) for root in roots()):
            return
    allowed = ", ".join(str(root) for root in roots()[: -len(_our_own())])
    raise UserError(
        f"{str(path)!a} is outside of the folders that this app may read ({allowed}). Copy the "
        "data into one of them, or start the app with --data-root and its folder."
    )


def check_place(name: str, place: str) -> None:
    """Refuse what stands for a datastore where it would be read with the rights of this machine.

    Raises:
        UserError: says what is allowed.
    """
    if "://" not in place:
        check(Path(place))
    elif not place.lower().startswith("https://"):
        raise UserError(
            f"{place} cannot stand for the datastore {name} here, as it would be read with the "
            "rights of this machine. Give a folder or an https: address, or run the job with "
            "automl run, which has no such limit."
        )


def check_job(job: "Job") -> None:
    """Refuse a job any of whose data lies out of reach.

    Raises:
        UserError: see `check` and `check_place`.
    """
    for source in (job.training_data, job.validation_data, job.test_data):
        if source is not None:
            check(source.path)
    for name, place in job.datastores.items():
        check_place(name, place)


def _our_own() -> list[Path]:
    return [home.home_dir() / "samples", home.home_dir() / "cache" / "uploads"]
