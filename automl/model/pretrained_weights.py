"""Sources of pretrained weights: our folder, the Hugging Face Hub, a package, or nowhere."""

import functools
import logging
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from automl.errors import UserError
from automl.host import home
from automl.jobs.model_catalog import licence as catalogued
from automl.model import package_weights, weights_folder, weights_hub
from automl.texts import mark

_NONE = mark(
    "no pretrained weights in the weights folder, in a package or on the Hugging Face Hub "
    "({reason})"
)
_log = logging.getLogger(__name__)
_brought: dict[str, Path] = {}


class Place(StrEnum):
    """Source of the pretrained weights of a trial."""

    HERE = "weights here"
    DOWNLOAD = "to be downloaded"
    SCRATCH = "from scratch"


@dataclass(frozen=True)
class _LookUp:
    """folder: holds the weights in timm's `local-dir` layout; why_missing: set without one."""

    folder: Path | None
    why_missing: str = ""


def find(timm_name: str) -> Path | None:
    """Folder in timm's `local-dir` layout with weights of the model, or None.

    The answer is kept for the life of the process, so that every model is looked up once.
    """
    folder = _look_up(timm_name).folder
    if folder is not None and not weights_folder.is_complete(folder):  # the cache was cleared
        forget()
        folder = _look_up(timm_name).folder
    return folder


def bring(timm_name: str, folder: Path) -> None:
    """Have `find` return this folder, which the engine has sent to this machine, from now on."""
    if _brought.get(timm_name) != folder:
        _brought[timm_name] = folder
        forget()


def why_missing(timm_name: str) -> str:
    """Reason why `find` returns None, as "no pretrained weights in …"."""
    return _look_up(timm_name).why_missing


def licence(timm_name: str) -> str | None:
    """Licence of the weights that `find` returns; None if there are none or it is not known."""
    folder = find(timm_name)
    return None if folder is None else _licence(timm_name, folder)


def licence_here(timm_name: str) -> str | None:
    """Licence of the weights that a trial would start from; never waits, never converts."""
    return _licence(timm_name, _in_weights_dir(timm_name) or weights_hub.in_cache(timm_name))


def _licence(timm_name: str, folder: Path | None) -> str | None:
    """Licence that the folder states, or else the catalogue.

    The catalogue knows only weights from the Hub or a package, where the name says which they are.
    """
    try:
        stated = weights_folder.licence(folder) if folder is not None else None
    except (OSError, ValueError):  # a folder by hand
        stated = None
    ours = (home.weights_dir(), home.cache_dir("carried") / "own")
    is_ours = folder is not None and folder.parent in ours
    return stated if is_ours else stated or catalogued(timm_name)


def here(timm_name: str) -> Path | None:
    """Folder, or file of a package, with weights of the model on this machine; never waits."""
    return (
        _in_weights_dir(timm_name)
        or weights_hub.in_cache(timm_name)
        or package_weights.checkpoint(timm_name)
    )


def is_to_convert(timm_name: str) -> bool:
    """True if the only weights here are those of a package, which nobody has converted yet."""
    is_ready = _in_weights_dir(timm_name) or weights_hub.in_cache(timm_name)
    return not is_ready and package_weights.is_to_convert(timm_name)


def place(timm_name: str) -> Place:
    """Tell where a trial would get its weights, without a wait for the Hub.

    As long as the Hub has not been heard of, it is taken for reachable.
    """
    if here(timm_name) is not None:
        return Place.HERE
    if "." not in timm_name or weights_hub.is_known_silent():
        return Place.SCRATCH
    return Place.DOWNLOAD


def forget() -> None:
    """Look everything up again from now on."""
    _look_up.cache_clear()
    weights_hub.forget()


@functools.cache
def _look_up(timm_name: str) -> _LookUp:
    folder = _brought.get(timm_name)
    folder = folder or _in_weights_dir(timm_name) or weights_hub.in_cache(timm_name)
    if folder is not None:
        return _LookUp(folder)
    from_hub = _from_hub(timm_name)
    return from_hub if from_hub.folder else _from_package(timm_name, from_hub.why_missing)


def _in_weights_dir(timm_name: str) -> Path | None:
    """`<weights dir>/<name>`, by the name with its tag or without."""
    for name in (timm_name, timm_name.partition(".")[0]):
        folder = home.weights_dir() / name
        if weights_folder.is_complete(folder):
            return folder
    return None


def _from_hub(timm_name: str) -> _LookUp:
    """Download the weights if the Hub answers; the Hub has no model without a tag."""
    if "." not in timm_name:
        return _LookUp(None, mark("it has no model of this name"))
    reason = weights_hub.why_unreachable()
    if not reason:
        try:
            return _LookUp(weights_hub.download(timm_name))
        except Exception as error:  # noqa: BLE001 (HTTP, time-outs, disk: they share no base class)
            reason = weights_hub.in_one_line(error)
    return _LookUp(None, reason)


def _from_package(timm_name: str, why_not_hub: str) -> _LookUp:
    try:
        folder = package_weights.folder(timm_name)
    except UserError as error:
        why_not_hub = f"{why_not_hub}; {error}"
    else:
        if folder is not None:
            return _LookUp(folder)
    why = _NONE.format(reason=why_not_hub)
    _log.warning("%s: %s", timm_name, why)
    return _LookUp(None, why)
