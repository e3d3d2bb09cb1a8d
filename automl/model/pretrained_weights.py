"""Pretrained weights: from the local weights folder, else from the Hugging Face Hub, else none."""

import functools
import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from automl.host import home

HUB_WAIT_SECONDS = 10.0
"""Longest wait for the Hub's first answer, once per process."""

_FILES = ("config.json", "model.safetensors")
_NONE = "no pretrained weights in AUTOML_WEIGHTS_DIR and none from the Hugging Face Hub ({})"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _LookUp:
    """folder: holds the weights in timm's `local-dir` layout; why_missing: set without one."""

    folder: Path | None
    why_missing: str = ""


def find(timm_name: str) -> Path | None:
    """Folder in timm's `local-dir` layout with weights of the model, or None.

    The answer is kept for the life of the process, so that every model is looked up once.
    """
    return _look_up(timm_name).folder


def why_missing(timm_name: str) -> str:
    """Reason why `find` returns None, as "no pretrained weights in …"."""
    return _look_up(timm_name).why_missing


def forget() -> None:
    """Look everything up again from now on."""
    _look_up.cache_clear()
    _why_hub_is_unreachable.cache_clear()


@functools.cache
def _look_up(timm_name: str) -> _LookUp:
    folder = _in_weights_dir(timm_name) or _in_hub_cache(timm_name)
    return _LookUp(folder) if folder is not None else _from_hub(timm_name)


def _in_weights_dir(timm_name: str) -> Path | None:
    """`<weights dir>/<name>`, by the name with its tag or without."""
    root = home.weights_dir()
    if root is None:
        return None
    for name in (timm_name, timm_name.partition(".")[0]):
        folder = root / name
        if all((folder / file).is_file() for file in _FILES):
            return folder
    return None


def _in_hub_cache(timm_name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    files = [try_to_load_from_cache(f"timm/{timm_name}", name) for name in _FILES]
    return Path(str(files[0])).parent if all(isinstance(file, str) for file in files) else None


def _from_hub(timm_name: str) -> _LookUp:
    """Download the weights if the Hub answers; the Hub has no model without a tag."""
    from huggingface_hub import hf_hub_download

    if "." not in timm_name:
        return _LookUp(None, _NONE.format("it has no model of this name"))
    reason = _why_hub_is_unreachable()
    if not reason:
        try:
            paths = [hf_hub_download(f"timm/{timm_name}", name) for name in _FILES]
            return _LookUp(Path(paths[0]).parent)
        except Exception as error:  # noqa: BLE001 (HTTP, time-outs, disk: they share no base class)
            reason = _in_one_line(error)
    _log.warning("no weights for %s from the Hub: %s", timm_name, reason)
    return _LookUp(None, _NONE.format(reason))


@functools.cache
def _why_hub_is_unreachable() -> str:
    """Return the reason why the Hub did not answer in time; empty if it answered.

    The request goes through the Hub's own client, so that HF_ENDPOINT, proxies and certificates
    from the environment apply. It runs in a thread because resolving a host name has no timeout.
    """
    from huggingface_hub import constants, get_session

    reasons = [f"{constants.ENDPOINT} gave no answer in {HUB_WAIT_SECONDS:g} s"]

    def connect() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=HUB_WAIT_SECONDS)
            reasons.append("")
        except Exception as error:  # noqa: BLE001 (the errors of the HTTP library of the client)
            reasons.append(f"{constants.ENDPOINT} cannot be reached: {_in_one_line(error)}")

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(HUB_WAIT_SECONDS)
    return reasons[-1]


def _in_one_line(error: Exception) -> str:
    text = next(iter(str(error).splitlines()), "").rstrip(". :")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
