"""Pretrained weights: the local weights folder, then the Hub with a short wait, then none."""

import functools
import logging
import socket
import threading
from pathlib import Path

from automl.host import home

HUB_WAIT_SECONDS = 10.0
"""How long a trial may wait for the Hub's first answer; without a network all of it is lost."""

_HUB_HOST = "huggingface.co"
_log = logging.getLogger(__name__)


@functools.cache
def find(timm_name: str) -> Path | None:
    """Folder in timm's `local-dir` layout with weights of the model, or None.

    The answer is kept for the life of the process: a machine without a network is asked once.
    """
    return _in_weights_dir(timm_name) or _in_hub_cache(timm_name) or _from_hub(timm_name)


def _in_weights_dir(timm_name: str) -> Path | None:
    """`<weights dir>/<name>`, by the name with its tag or without."""
    root = home.weights_dir()
    if root is None:
        return None
    for name in (timm_name, timm_name.partition(".")[0]):
        folder = root / name
        if (folder / "config.json").is_file() and (folder / "model.safetensors").is_file():
            return folder
    return None


def _in_hub_cache(timm_name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    files = [try_to_load_from_cache(f"timm/{timm_name}", name) for name in _FILES]
    return Path(str(files[0])).parent if all(isinstance(file, str) for file in files) else None


_FILES = ("config.json", "model.safetensors")


def _from_hub(timm_name: str) -> Path | None:
    """Download, once the Hub has answered; a name without a tag has no page there."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    if "." not in timm_name or not _hub_answers():
        return None
    try:
        paths = [hf_hub_download(f"timm/{timm_name}", name) for name in _FILES]
    except (HfHubHTTPError, OSError) as error:
        _log.warning("no weights for %s from the Hub: %s", timm_name, error)
        return None
    return Path(paths[0]).parent


@functools.cache
def _hub_answers() -> bool:
    """Whether a connection to the Hub opens in time.

    Looking up a name has no time limit of its own, hence the thread.
    """
    opened = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((_HUB_HOST, 443), timeout=HUB_WAIT_SECONDS).close()
            opened.set()
        except OSError as error:
            _log.info("the Hub cannot be reached: %s", error)

    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(HUB_WAIT_SECONDS)
    return opened.is_set()
