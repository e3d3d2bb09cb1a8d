"""Explanations from a process of their own, which holds torch and the models. No torch here."""

import contextlib
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Self

from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.exchange import Reply, Request
from automl.explanation.parameters import ExplanationParameters
from automl.host import extras

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEEDED = ("captum", "saliency", "torch", "timm")


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
    return extras.missing("Explanations need", _NEEDED, "explain")


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
        self._worker: _Worker | None = None
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
        if self._worker is None or self._worker.process.poll() is not None:
            self._end()
            self._worker = _start()
        line = request.model_dump_json().encode() + b"\n"
        try:
            answer = _exchange(self._worker.process, line, self._patience_seconds)
        except TimeoutError:
            self._end()
            raise ExplanationError(
                f"No explanation after {self._patience_seconds:g} seconds. Choose guided_backprop, "
                "or a smaller n_steps."
            ) from None
        if not answer:
            raise ExplanationError(f"The process that explains has ended. {self._last_words()}")
        return Reply.model_validate_json(answer)

    def _last_words(self) -> str:
        """Of the process, which has ended by itself."""
        assert self._worker is not None
        process, said = self._worker
        if process.wait() == -signal.SIGKILL:
            words = "It was killed, most likely for lack of memory: free some, and try again."
        else:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        self._end()
        return words

    def _end(self) -> None:
        if self._worker is None:
            return
        process, said = self._worker
        self._worker = None
        process.kill()
        with contextlib.suppress(BrokenPipeError), process:  # waits, and closes the pipes
            said.close()


class _Worker(NamedTuple):
    """The running process, and the file of what it says besides its answers."""

    process: "subprocess.Popen[bytes]"
    said: IO[bytes]


def _start() -> _Worker:
    said = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
    # -P: a file called random.py in the working directory must not become ours
    program = [sys.executable, "-P", "-m", "automl.explanation"]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said)
    return _Worker(process, said)


def _exchange(process: "subprocess.Popen[bytes]", line: bytes, patience_seconds: float) -> bytes:
    """The line that comes back; empty if the process has ended.

    Raises:
        TimeoutError: nothing came back in time.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # nothing will come back, then
        process.stdin.write(line)
        process.stdin.flush()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(patience_seconds):
            raise TimeoutError
    return process.stdout.readline()


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
