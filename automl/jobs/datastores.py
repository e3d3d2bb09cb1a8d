"""Locations in Azure's datastores, and the local folders or URLs that are read instead."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from automl.errors import UserError

_LONG = re.compile(
    r"azureml://(?:[^?#]*?/)?datastores/([^/]+)/paths/(.*)", re.IGNORECASE | re.DOTALL
)
_SHORT = re.compile(r"amldatastore://(.*)", re.IGNORECASE | re.DOTALL)


def locate(location: str, datastores: Mapping[str, str]) -> str | None:
    """Return the local path or URL for a location in a datastore; None for any other location.

    Args:
        location: `azureml://…/datastores/<name>/paths/<path>`, `AmlDatastore://<name>/<path>`, or
            `AmlDatastore://<path>` where a single datastore is mapped.
        datastores: datastore, or a folder in it (`<name>/<path>`; the longest one counts) -> a
            local folder, or the URL of a folder.

    Raises:
        UserError: the datastore is not mapped, or the location leads out of it.
    """
    if found := _LONG.fullmatch(location):
        inside = f"{found[1]}/{found[2]}"
    elif found := _SHORT.fullmatch(location):
        inside = found[1]
        if len(datastores) == 1 and _mapped(inside, datastores) is None:
            inside = f"{next(iter(datastores))}/{inside}"
    else:
        return None
    mapped = _mapped(inside, datastores)
    if mapped is None:
        name = inside.partition("/")[0]
        raise UserError(
            f"{location} is in the datastore {name}, which is not mapped to a folder. Copy its "
            f"files to a folder and add datastores: {{{name}: /that/folder}} to the job, or "
            f"--datastore {name}=/that/folder on the command line."
        )
    return _join(datastores[mapped], inside[len(mapped) :], location)


def from_options(options: Iterable[str]) -> dict[str, str]:
    """Return the folder or URL of each datastore from `name=folder` on the command line.

    Raises:
        UserError: an option is written differently.
    """
    datastores = {}
    for option in options:
        name, equals, folder = option.partition("=")
        if not (name and equals and folder):
            raise UserError(
                f"{option!r} maps no datastore. Write it as name=folder: photos=/my/photos."
            )
        datastores[name] = folder if "://" in folder else str(Path(folder).expanduser().absolute())
    return datastores


def resolve_paths(job: dict[str, Any], data_keys: Iterable[str]) -> dict[str, Any]:
    """Return a job whose data paths in mapped datastores are replaced by the local ones.

    Args:
        job: content of a job file, not checked yet.
        data_keys: keys of the sections that have a path.
    """
    if not isinstance(job.get("datastores"), dict):
        return job
    datastores = {name: str(folder) for name, folder in job["datastores"].items()}
    sections = {
        key: {**job[key], "path": _resolved(job[key]["path"], datastores)}
        for key in data_keys
        if isinstance(job.get(key), dict) and "path" in job[key]
    }
    return {**job, **sections}


def _resolved(path: Any, datastores: Mapping[str, str]) -> Any:
    try:
        return (isinstance(path, str) and locate(path, datastores)) or path
    except UserError:
        return path  # the check of the section says what is wrong, under its own key


def _mapped(inside: str, datastores: Mapping[str, str]) -> str | None:
    """Longest mapped folder that contains the path; None if there is none."""
    containing = (key for key in datastores if f"{inside}/".startswith(f"{key}/"))
    return max(containing, key=len, default=None)


def _join(folder: str, path: str, location: str) -> str:
    path = path.lstrip("/")
    if ".." in PurePosixPath(path.replace("\\", "/")).parts:
        raise UserError(f"{location} leads out of its datastore. Write the path without `..`.")
    return f"{folder.rstrip('/')}/{path}" if "://" in folder else str(Path(folder, path))
