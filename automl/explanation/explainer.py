"""Explanations from a worker process, which holds torch and the models. No torch here."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Self

from automl.dataset import picture_location
from automl.dataset.preprocessing import UnreadablePicture
from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.request import ExplanationParameters, Reply, Request
from automl.host import cores, extras
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PACKAGES = ("captum", "saliency", "torch", "timm")


@dataclass(frozen=True)
class Explanation:
    """A model's answer for a picture, and which pixels speak for it."""

    label: str
    probability: float
    picture: bytes | None
    """PNG of 2 x 2 parts: above, the input and the heat map; below, the heat map over the input and
    the top 30 % of the input's pixels."""

    attributions: "NDArray[np.float32] | None"
    """(3, S, S), signed: one number for each value of the model's input."""

    notes: list[str]


def missing() -> str:
    """Return a sentence that says which packages to install; empty if none is missing."""
    return extras.missing(
        mark("Explanations need {packages}, not installed here: pip install {wanted}"),
        _PACKAGES,
        "explain",
    )


class Explainer:
    """Starts the worker process with the first explanation, and ends it when it is idle.

    Several threads may call `explain`; they are answered one after the other.
    """

    def __init__(self, *, idle_seconds: float = 600, patience_seconds: float = 300) -> None:
        """Start nothing yet.

        Args:
            idle_seconds: time without a request after which the worker is ended.
            patience_seconds: time for one explanation after which the worker is ended.
        """
        self._idle_seconds = idle_seconds
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._idle_timer = threading.Timer(idle_seconds, self.close)

    def explain(
        self,
        experiment_dir: Path,
        trial_id: str,
        picture: Path | bytes,
        parameters: ExplanationParameters | None = None,
        *,
        label: str | None = None,
    ) -> Explanation:
        """Explain the answer for a picture of the model of a trial that is handed out.

        Args:
            experiment_dir: the experiment.
            trial_id: a trial of it.
            picture: a file, or the content of a file.
            parameters: how to explain.
            label: what speaks for this label; for the most probable one if left out.

        Raises:
            ExplanationError: the reason why there is no explanation.
        """
        if sentence := missing():
            raise ExplanationError(sentence)
        checkpoint_dir = store.final_model_dir(experiment_dir, trial_id).absolute()
        if not (checkpoint_dir / "model.safetensors").is_file():
            raise ExplanationError(
                f"{trial_id} of {experiment_dir.name} has no model to explain here. Choose a trial "
                "that was scored; a shared experiment holds the model of its best trial alone."
            )
        request = Request(
            checkpoint_dir=checkpoint_dir,
            file=_content(picture),
            parameters=parameters or ExplanationParameters(),
            label=label,
        )
        with self._lock:
            self._idle_timer.cancel()
            reply = self._reply(request)
            self._wait_for_idleness()
        if reply.refusal:
            raise ExplanationError(reply.refusal)
        return _explanation(reply)

    def warm_up(self) -> None:
        """Start the worker, which loads torch for seconds, if nothing else is being done."""
        if not missing() and self._lock.acquire(blocking=False):
            try:
                self._have_worker()
                self._idle_timer.cancel()
                self._wait_for_idleness()
            finally:
                self._lock.release()

    def close(self) -> None:
        """End the worker; the next explanation starts another."""
        with self._lock:
            self._idle_timer.cancel()
            self._end_worker()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reply(self, request: Request) -> Reply:
        worker = self._have_worker()
        line = request.model_dump_json().encode() + b"\n"
        try:
            answer = _exchange(worker.process, line, self._patience_seconds)
        except TimeoutError:
            self._end_worker()
            raise ExplanationError(
                f"No explanation after {self._patience_seconds:g} seconds. Choose guided_backprop, "
                "or a smaller n_steps."
            ) from None
        if not answer:
            raise ExplanationError(
                f"The process that explains has ended. {self._reason_of_death()}"
            )
        return Reply.model_validate_json(answer)

    def _wait_for_idleness(self) -> None:
        self._idle_timer = threading.Timer(self._idle_seconds, self.close)
        self._idle_timer.daemon = True
        self._idle_timer.start()

    def _have_worker(self) -> "_Worker":
        if self._worker is None or self._worker.process.poll() is not None:
            self._end_worker()
            self._worker = _start_worker()
        return self._worker

    def _reason_of_death(self) -> str:
        """Return why the worker has ended by itself: the last line that it wrote."""
        assert self._worker is not None
        process, stderr = self._worker
        status = process.wait()
        if status == -signal.SIGKILL:
            reason = mark(
                "It was killed, most likely for lack of memory: free some, and try again."
            )
        elif status < 0:
            name = signal.Signals(-status).name
            reason = mark(
                f"It crashed ({name}): the model's files may be damaged. Choose another trial."
            )
        else:
            stderr.seek(0)
            reason = stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        self._end_worker()
        return reason

    def _end_worker(self) -> None:
        if self._worker is None:
            return
        process, stderr = self._worker
        self._worker = None
        process.kill()
        with contextlib.suppress(BrokenPipeError), process:  # waits, and closes the pipes
            stderr.close()


class _Worker(NamedTuple):
    """The running process, and the file that receives what it prints beside its replies."""

    process: "subprocess.Popen[bytes]"
    stderr: IO[bytes]


def _start_worker() -> _Worker:
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
    # -P: a file called random.py in the working directory must not be imported
    program = [sys.executable, "-P", "-m", "automl.explanation"]
    process = subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=os.environ | cores.PATIENT,
    )
    return _Worker(process, stderr)


def _exchange(process: "subprocess.Popen[bytes]", line: bytes, patience_seconds: float) -> bytes:
    """Send a line and return the line that comes back; empty if the process has ended.

    Raises:
        TimeoutError: no line came back in time.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # the process has ended: readline returns b""
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
        with picture_location.opened(picture) as file:
            return file.read()
    except (OSError, UnreadablePicture) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ExplanationError(
            f"{picture} cannot be read: {reason}. Name a picture that exists."
        ) from None


def _explanation(reply: Reply) -> Explanation:
    attributions = None
    if reply.attributions is not None:
        import numpy as np

        values = np.frombuffer(reply.attributions, np.float32)
        attributions = values.reshape(3, reply.side, reply.side)
    return Explanation(
        reply.label, reply.probability, reply.picture, attributions, list(reply.notes)
    )
