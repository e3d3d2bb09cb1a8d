"""Versions of a data set: each set of corrections that was saved, or that a search was run with.

They are kept in `versions` of our home, in a file for each place of data; the data stays untouched.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from automl.errors import DamagedFileError, UserError
from automl.frozen_model import FrozenModel
from automl.host import atomic, home
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job

ORIGINAL = "original"
"""Name of the data as it is, without corrections."""

_NAME = re.compile(r"\w[\w .-]{0,39}")


class Version(FrozenModel):
    """One version of a data set."""

    name: str
    parent: str | None
    """The version that it differs least from, of those that were there; None for the first."""

    data_hash: str
    """See `DatasetReport.data_hash`: contents, labels and given splits of the pictures."""

    at: datetime
    by: str
    corrections: Corrections


class Changes(FrozenModel):
    """Numbers of pictures, and of renamed classes, that two sets of corrections treat otherwise."""

    added: int
    relabelled: int
    left_out: int
    moved: int
    noted: int
    renamed: int
    leaks: int
    """1 if copies in training and held-out data are settled in another way."""

    @classmethod
    def between(cls, before: Corrections, after: Corrections) -> "Changes":
        return cls(
            added=_num_differing(before.add, after.add),
            relabelled=_num_differing(before.relabel, after.relabel),
            left_out=len(set(before.exclude) ^ set(after.exclude)),
            moved=_num_differing(before.move, after.move),
            noted=_num_differing(before.notes, after.notes),
            renamed=_num_differing(before.rename_labels, after.rename_labels),
            leaks=int(before.leaked != after.leaked),
        )

    @property
    def total(self) -> int:
        return sum(getattr(self, name) for name in type(self).model_fields)


class _File(FrozenModel):
    data: str
    versions: list[Version]


def of(data: Path) -> list[Version]:
    """The versions of the data at a place, the oldest first.

    Raises:
        DamagedFileError: they cannot be read.
    """
    path = _path(data)
    try:
        return _File.model_validate_json(path.read_bytes()).versions
    except FileNotFoundError:
        return []
    except ValidationError as error:
        raise DamagedFileError(
            f"{path}, which holds the versions of {data}, is damaged or was written by another "
            "version of this program. Restore it from a copy, or delete it: experiments keep the "
            "corrections that they were run with."
        ) from error


def named(data: Path, name: str) -> Version:
    """The version of that name.

    Raises:
        UserError: there is none.
    """
    versions = of(data)
    found = [version for version in versions if version.name == name]
    if found:
        return found[-1]
    known = ", ".join(version.name for version in versions)
    raise UserError(
        f"{data} has no version {name}. "
        + (f"Choose one of {known}." if known else "No version of it has been saved yet.")
    )


def keep(
    data: Path, corrections: Corrections, data_hash: str, *, by: str, name: str | None = None
) -> Version:
    """Return the version with these corrections and this content, which is added if it is new.

    Args:
        data: the place of the data.
        corrections: of the version.
        data_hash: of the corrected data.
        by: the person who saves it.
        name: of a new version; numbered if left out.

    Raises:
        UserError: another version has the name, or it cannot be used.
        DamagedFileError: see `of`.
    """
    with FileLock(home.versions_dir() / "lock"):
        versions = of(data)
        for version in versions:
            if (version.corrections, version.data_hash) == (corrections, data_hash):
                return version
        taken = [version.name for version in versions]
        added = Version(
            name=_new_name(corrections, taken) if name is None else _checked(name, taken),
            parent=_parent(versions, corrections),
            data_hash=data_hash,
            at=datetime.now(UTC),
            by=by,
            corrections=corrections,
        )
        file = _File(data=str(data), versions=[*versions, added])
        atomic.write_text(_path(data), file.model_dump_json(indent=1))
    return added


def resolved(job: Job) -> Job:
    """The job with the corrections of the version that it names.

    A job that has corrections beside the name keeps them: it comes from an experiment, maybe of
    another machine.

    Raises:
        UserError: the data has no such version.
    """
    name = job.data_version
    if name is None or name == ORIGINAL or job.corrections != Corrections():
        return job
    corrections = named(job.training_data.path, name).corrections
    return job.model_copy(update={"corrections": corrections})


def changes_of(version: Version, versions: list[Version]) -> Changes:
    """Changes of a version against its parent, or against the data as they are if that is gone."""
    before = next((each for each in versions if each.name == version.parent), None)
    return Changes.between(before.corrections if before else Corrections(), version.corrections)


def _num_differing(before: Mapping[str, object], after: Mapping[str, object]) -> int:
    return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())


def _parent(versions: list[Version], corrections: Corrections) -> str | None:
    if not versions:
        return None
    latest_first = reversed(versions)
    nearest = min(latest_first, key=lambda v: Changes.between(v.corrections, corrections).total)
    return nearest.name


def _new_name(corrections: Corrections, taken: list[str]) -> str:
    if corrections == Corrections() and ORIGINAL not in taken:
        return ORIGINAL
    return next(name for n in range(1, len(taken) + 2) if (name := f"v{n}") not in taken)


def _checked(name: str, taken: list[str]) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"A version cannot be called {name!r}. Use up to 40 letters, digits, spaces, dots and "
            "dashes."
        )
    if name in (*taken, ORIGINAL):
        raise UserError(f"There is a version {name} already. Choose another name.")
    return name


def _path(data: Path) -> Path:
    digest = hashlib.sha256(str(data).encode("utf-8", "surrogatepass")).hexdigest()
    return home.versions_dir() / f"{digest[:16]}.json"
