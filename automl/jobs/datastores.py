"""Locations in Azure's datastores and data assets, and what is read instead: a folder or a URL."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from automl.errors import UserError
from automl.host import home

_LONG = re.compile(
    r"azureml://(?:[^?#]*?/)?datastores/([^/]+)/paths/(.*)", re.IGNORECASE | re.DOTALL
)
_SHORT = re.compile(r"amldatastore://(.*)", re.IGNORECASE | re.DOTALL)
_ASSET = re.compile(
    r"(?:azureml:)?(?:azureml://|/subscriptions/).*/data/([^/:@]+)/(?:versions|labels)/([^/]+)"
    r"|azureml:([\w.-]+)(?:[:@]([\w.-]+))?",
    re.IGNORECASE,
)


def plain(location: str) -> str:
    """Return a location without the wrapping that a client of Azure puts around it.

    Azure's SDK writes a local folder as `azureml:../folder`, and a local path may be a `file:` URL.
    """
    if location[:8].lower() == "azureml:" and location[8:10] != "//" and asset(location) is None:
        location = location[8:]
    if location[:5].lower() != "file:":
        return location
    from urllib.request import url2pathname  # imports what speaks HTTP

    parts = urlsplit(location)
    return url2pathname(parts.path if parts.netloc in ("", "localhost") else location[5:])


def asset(location: str) -> tuple[str, str] | None:
    """Return name and version of a data asset, the version empty if it is left out.

    Args:
        location: `azureml:name:version`, `azureml:name@label`, or the address of the asset in a
            workspace or registry. None for anything else.
    """
    found = _ASSET.fullmatch(location)
    return found and (found[1] or found[3], found[2] or found[4] or "")


def folder_of_sdk(location: str) -> str | None:
    """Return the folder that Azure's SDK may mean by `azureml:folder`, which also names an asset.

    None if the location has a version, or is anything else.
    """
    found = _ASSET.fullmatch(location)
    return found[3] if found and found[3] and not found[4] else None


def locate_asset(location: str, assets: Mapping[str, str]) -> str | None:
    """Return what is read for a data asset; None if it is not mapped, or for another location.

    Args:
        location: see `asset`.
        assets: `name`, or `name:version`, which counts more -> a local folder, or a URL.
    """
    name, version = asset(location) or ("", "")
    return assets.get(f"{name}:{version}", assets.get(name)) if name else None


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


def places(
    datastores: Iterable[str] | None, assets: Iterable[str] | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the folder or URL of each datastore, and of each data asset, from `name=folder`.

    Raises:
        UserError: an option is written differently.
    """
    return from_options(datastores or (), "datastore"), from_options(assets or (), "data asset")


def from_options(options: Iterable[str], kind: str = "datastore") -> dict[str, str]:
    """Return the folder or URL of each datastore or data asset from `name=folder`.

    Raises:
        UserError: an option is written differently.
    """
    datastores = {}
    for option in options:
        name, equals, folder = option.partition("=")
        if not (name and equals and folder):
            raise UserError(
                f"{option!r} maps no {kind}. Write it as name=folder: photos=/my/photos."
            )
        datastores[name] = folder if "://" in folder else str(home.absolute(folder))
    return datastores


def resolve_paths(job: dict[str, Any], data_keys: Iterable[str]) -> dict[str, Any]:
    """Return a job whose data paths in mapped datastores and assets are replaced by local ones.

    Args:
        job: content of a job file, not checked yet.
        data_keys: keys of the sections that have a path.
    """
    datastores, assets = _places(job, "datastores"), _places(job, "data_assets")
    sections = {
        key: {**job[key], "path": _resolved(job[key]["path"], datastores, assets)}
        for key in data_keys
        if isinstance(job.get(key), dict) and "path" in job[key]
    }
    return {**job, **sections}


def _places(job: Mapping[str, Any], key: str) -> dict[str, str]:
    section = job.get(key)
    if not isinstance(section, dict):
        return {}
    return {str(name): str(folder) for name, folder in section.items()}


def _resolved(path: Any, datastores: Mapping[str, str], assets: Mapping[str, str]) -> Any:
    if not isinstance(path, str):
        return path
    path = plain(path)
    try:
        return locate_asset(path, assets) or (datastores and locate(path, datastores)) or path
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
