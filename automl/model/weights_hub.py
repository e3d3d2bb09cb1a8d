"""Pretrained weights from the Hugging Face Hub, and whether it answers. Imports no torch."""

import functools
import threading
import time
from pathlib import Path

from automl.model.weights_folder import CONFIG, WEIGHTS
from automl.texts import mark

WAIT_SECONDS = 10.0
"""Longest wait for the Hub's first answer, once per process."""

_ASK_AGAIN_SECONDS = 300.0
_UNREACHABLE = mark("{endpoint} cannot be reached: {reason}")


def in_cache(timm_name: str) -> Path | None:
    """Folder with an earlier download, or None."""
    from huggingface_hub import try_to_load_from_cache

    files = [try_to_load_from_cache(f"timm/{timm_name}", name) for name in (CONFIG, WEIGHTS)]
    return Path(str(files[0])).parent if all(isinstance(file, str) for file in files) else None


def download(timm_name: str) -> Path:
    """Folder with the weights, downloaded.

    Raises:
        Exception: of HTTP, of the disk or a time-out; they share no base class.
    """
    from huggingface_hub import hf_hub_download

    paths = [hf_hub_download(f"timm/{timm_name}", name) for name in (CONFIG, WEIGHTS)]
    return Path(paths[0]).parent


def why_unreachable() -> str:
    """Return the reason why the Hub did not answer in time; empty if it answered."""
    return _attempt().reason()


def is_known_silent() -> bool:
    """True if the Hub did not answer a while ago; asks it in a thread and never waits."""
    attempt = _attempt()
    is_silent = attempt.is_over() and bool(attempt.reason())
    if is_silent and attempt.age() > _ASK_AGAIN_SECONDS:
        forget()
    return is_silent


def forget() -> None:
    """Ask the Hub again when the answer is needed next."""
    _attempt.cache_clear()


@functools.cache
def _attempt() -> "_Attempt":
    return _Attempt()


class _Attempt:
    """One request to the Hub.

    It goes through the Hub's own client, so that HF_ENDPOINT, proxies and certificates from the
    environment apply. It runs in a thread because resolving a host name has no timeout.
    """

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._answer: str | None = None
        self._thread = threading.Thread(target=self._connect, daemon=True)
        self._thread.start()

    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started

    def is_over(self) -> bool:
        """True if there is an answer, or no time left for one."""
        return self._answer is not None or self.age() > WAIT_SECONDS

    def reason(self) -> str:
        """Wait for the end; return why there was no answer, or an empty text."""
        from huggingface_hub import constants

        self._thread.join(max(0.0, WAIT_SECONDS - self.age()))
        late = f"{constants.ENDPOINT} gave no answer in {WAIT_SECONDS:g} s"
        return late if self._answer is None else self._answer

    def _connect(self) -> None:
        from huggingface_hub import constants, get_session

        try:
            get_session().head(constants.ENDPOINT, timeout=WAIT_SECONDS)
            self._answer = ""
        except Exception as error:  # noqa: BLE001 (the errors of the HTTP library of the client)
            self._answer = _UNREACHABLE.format(
                endpoint=constants.ENDPOINT, reason=in_one_line(error)
            )


def in_one_line(error: Exception) -> str:
    """Kind of the error and the first line of its message."""
    text = next(iter(str(error).splitlines()), "").rstrip(". :")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
