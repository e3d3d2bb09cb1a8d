"""The data roots: folders of this machine that the app may read.

The app may have no login, and a path can come from a form or a link. The command line has no such
limits: it reads what its user can read.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from automl.dataset import picture_location
from automl.errors import DataError
from automl.host import home
from automl.jobs import addresses

if TYPE_CHECKING:
    from automl.jobs.job import Job  # slow; the command line only needs `VARIABLE`

VARIABLE = "AUTOML_DATA_ROOTS"

TABLES_VARIABLE = "AUTOML_TABLES_STAY_INSIDE"
"""Set by an app that several people use, for itself and the engines that it starts: tables inside
the roots may name files inside of them alone."""


def roots() -> list[Path]:
    """The folders that may be read, resolved.

    Those of `AUTOML_DATA_ROOTS` (separated as in PATH), by default the user's home and the working
    directory; and the app's own samples and uploads.
    """
    return [*_given(), *_our_own()]


def check(path: Path) -> None:
    """Refuse a path that leads out of the roots, after following its links.

    Of a table elsewhere only an `https:` address is allowed.

    Raises:
        DataError: names the path, the roots, and how to allow more.
    """
    address = addresses.of(path)
    if address is not None and address.startswith("https://"):
        return
    if address is not None:
        raise DataError(
            f"{address} would be read with the rights of this machine. Give an https: address, or "
            "run the job with automl run, which has no such limit."
        )
    check_all([path])


def check_all(paths: Iterable[Path]) -> None:
    """Refuse paths of this machine, as `check` does."""
    given, own, private = _given(), _our_own(), _resolved(home.home_dir())
    for path in paths:
        if "\0" not in str(path):  # no file can have such a name
            real = _resolved(path)
            within = own if real.is_relative_to(private) else [*given, *own]
            if any(_is_open_in(root, real) for root in within):
                continue
        allowed = ", ".join(map(str, given))
        raise DataError(
            f"{str(path)!a} is outside of the folders that this app may read ({allowed}), or "
            "hidden in one of them. Copy the data into one of them, or start the app with "
            "--data-root and its folder."
        )


def check_tables(files: Iterable[Path]) -> None:
    """Refuse files that a table names, where tables may not lead out of the roots.

    Raises:
        DataError: see `check`.
    """
    if do_tables_stay_inside():
        check_all(file for path in files for file in {path, picture_location.file_of(path)})


def do_tables_stay_inside() -> bool:
    return bool(os.environ.get(TABLES_VARIABLE))


def _is_open_in(root: Path, real: Path) -> bool:
    """True for a path in a root that is not hidden there; keys and tokens mostly are."""
    return real.is_relative_to(root) and not any(
        part.startswith(".") for part in real.relative_to(root).parts
    )


def check_datastore(name: str, location: str) -> None:
    """Refuse a location for a datastore that would be read with the credentials of this machine.

    Raises:
        DataError: says what is allowed.
    """
    if "://" not in location:
        check(Path(location))
    elif not location.lower().startswith("https://"):
        raise DataError(
            f"{location} cannot stand for the datastore {name} here, as it would be read with the "
            "rights of this machine. Give a folder or an https: address, or run the job with "
            "automl run, which has no such limit."
        )


def check_job(job: "Job") -> None:
    """Refuse a job with data outside the roots.

    Raises:
        DataError: see `check` and `check_datastore`.
    """
    for source in (job.training_data, job.validation_data, job.test_data):
        if source is not None:
            check(source.path)
    for location in job.corrections.add:
        check(picture_location.file_of(location))
    for name, location in job.datastores.items():
        check_datastore(name, location)


def _given() -> list[Path]:
    named = [text for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
    folders = [home.expanded(text) for text in named or ("~", ".")]
    return list(map(_resolved, folders))


def _our_own() -> list[Path]:
    return [_resolved(home.home_dir() / name) for name in ("samples", "cache/uploads")]


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))
