"""Explanations from a process of their own, which holds torch and the models. No torch here."""

import contextlib
import importlib.util
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, Self

from automl import store
from automl.explanation.exchange import Reply, Request
from automl.explanation.parameters import ExplanationParameters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEEDED = ("captum", "saliency", "torch", "timm")


class ExplanationError(ValueError):
    """Why a picture could not be explained: one sentence."""


@dataclass(frozen=True)
class Explanation:
    """The answer of a model, and why."""

    label: str
    probability: float
    picture: bytes | None
    """PNG of 2 x 2: the input, the heat map; the heat map over it, its top 30 % pixels."""

    attributions: "NDArray[np.float32] | None"
    """Signed (3, S, S), for each value of the picture as the model saw it."""

    notes: list[str]


def missing() -> str:
    """What to install before anything can be explained; empty if nothing."""
    names = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if not names:
        return ""
    return (
        f"Explanations need {' and '.join(names)}, not installed here. Install the extra: "
        "pip install 'automl-image-classification[explain]'."
    )


class Explainer:
    """Starts the process when it is first needed; it ends when idle, and with this one.

    Several threads may ask; they are answered one after the other.
    """

    def __init__(self, *, idle_seconds: float = 600, patience_seconds: float = 300) -> None:
        """idle_seconds: from the last answer until the process is ended.

        patience_seconds: with one answer, likewise.
        """
        self._idle_seconds = idle_seconds
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (by the process; open as long as this)
        self._idle = threading.Timer(idle_seconds, self.close)

    def explain(
        self,
        experiment_dir: Path,
        trial_id: str,
        picture: Path | bytes,
        parameters: ExplanationParameters | None = None,
    ) -> Explanation:
        """Why the best model of a trial gives a picture the class it does.

        Args:
            experiment_dir: the experiment.
            trial_id: one of its trials.
            picture: a file, or its content.
            parameters: how to explain.

        Raises:
            ExplanationError: says why not.
        """
        if sentence := missing():
            raise ExplanationError(sentence)
        checkpoint_dir = store.checkpoint_dir(experiment_dir, trial_id).absolute()
        if not (checkpoint_dir / "model.safetensors").is_file():
            raise ExplanationError(
                f"{trial_id} of {experiment_dir.name} has no model to explain here. Choose a trial "
                "that was scored; a shared experiment holds the model of its best trial alone."
            )
        request = Request(
            checkpoint_dir=checkpoint_dir,
            file=_content(picture),
            parameters=parameters or ExplanationParameters(),
        )
        with self._lock:
            self._idle.cancel()
            reply = self._ask(request)
            self._idle = threading.Timer(self._idle_seconds, self.close)
            self._idle.daemon = True
            self._idle.start()
        if reply.refusal:
            raise ExplanationError(reply.refusal)
        return _explanation(reply)

    def close(self) -> None:
        """End the process; the next question starts another one."""
        with self._lock:
            self._idle.cancel()
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: Request) -> Reply:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = _started(self._said)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(request.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._refuse_crash(self._process)
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            is_there = selector.select(self._patience_seconds)
        if not is_there:
            self._end()
            raise ExplanationError(
                f"No explanation after {self._patience_seconds:g} seconds. Choose guided_backprop, "
                "or a smaller n_steps."
            )
        line = self._process.stdout.readline()
        if not line:
            self._refuse_crash(self._process)
        return Reply.model_validate_json(line)

    def _refuse_crash(self, process: "subprocess.Popen[bytes]") -> NoReturn:
        code = process.wait()
        self._said.seek(0)
        last = self._said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        self._end()
        if code == -signal.SIGKILL:
            last = "It was killed, most likely for lack of memory: free some, and try again."
        raise ExplanationError(f"The process that explains has ended. {last}")

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        with contextlib.suppress(BrokenPipeError), self._process:  # waits, and closes the pipes
            pass
        self._process = None


def _started(said: IO[bytes]) -> "subprocess.Popen[bytes]":
    said.seek(0)
    said.truncate()
    # -P: a file called random.py in the working directory must not become ours
    program = [sys.executable, "-P", "-m", "automl.explanation"]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)


def _content(picture: Path | bytes) -> bytes:
    if isinstance(picture, bytes):
        return picture
    try:
        return picture.read_bytes()
    except OSError as error:
        raise ExplanationError(
            f"{picture} cannot be read: {error.strerror or error}. Give a picture that is there."
        ) from None


def _explanation(reply: Reply) -> Explanation:
    attributions = None
    if reply.attributions is not None:
        import numpy as np

        flat = np.frombuffer(reply.attributions, np.float32)
        attributions = flat.reshape(3, reply.side, reply.side)
    return Explanation(
        reply.label, reply.probability, reply.picture, attributions, list(reply.notes)
    )
