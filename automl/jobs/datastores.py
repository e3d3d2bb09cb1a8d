"""Azure's datastore locations, and the places that stand for them on this side."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

_LONG = re.compile(
    r"azureml://(?:[^?#]*?/)?datastores/([^/]+)/paths/(.*)", re.IGNORECASE | re.DOTALL
)
_SHORT = re.compile(r"amldatastore://(.*)", re.IGNORECASE | re.DOTALL)


def locate(location: str, datastores: Mapping[str, str]) -> str | None:
    """The local path or URL that stands for a datastore's location; None if it is none.

    Args:
        location: `azureml://…/datastores/<name>/paths/<path>`, `AmlDatastore://<name>/<path>`, or
            `AmlDatastore://<path>` where a single datastore is mapped.
        datastores: the place of each datastore, or of a folder in it (`<name>/<path>`; the longest
            one counts): a local folder, or the URL of one.

    Raises:
        ValueError: the datastore has no place, or the location leads out of it.
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
        raise ValueError(
            f"{location} is in the datastore {name}, and it is not known which place stands for "
            f"that here. Copy it to a folder and add datastores: {{{name}: /that/folder}} to the "
            f"job, or --datastore {name}=/that/folder on the command line."
        )
    return _join(datastores[mapped], inside[len(mapped) :], location)


def from_options(options: Iterable[str]) -> dict[str, str]:
    """The places of datastores from `name=place` on the command line.

    Raises:
        ValueError: one is not written so.
    """
    found = {}
    for option in options:
        name, equals, place = option.partition("=")
        if not (name and equals and place):
            raise ValueError(f"{option!r} maps nothing. Write it as name=place: photos=/my/photos.")
        found[name] = place if "://" in place else str(Path(place).expanduser().absolute())
    return found


def _mapped(inside: str, datastores: Mapping[str, str]) -> str | None:
    """The longest of the mapped folders that the path is in."""
    fitting = (key for key in datastores if f"{inside}/".startswith(f"{key}/"))
    return max(fitting, key=len, default=None)


def _join(place: str, path: str, location: str) -> str:
    path = path.lstrip("/")
    if ".." in PurePosixPath(path.replace("\\", "/")).parts:
        raise ValueError(f"{location} leads out of its datastore. Write the path without `..`.")
    return f"{place.rstrip('/')}/{path}" if "://" in place else str(Path(place, path))
