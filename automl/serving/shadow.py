"""A second model that answers the same requests as the first one, away from the answering path.

The path only puts pictures into a bounded queue, and drops them if it is full. One thread of the
lowest priority shows them to the second model; an error there is counted and harms no answer.
"""

import contextlib
import hashlib
import io
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from automl.errors import UserError
from automl.host import private_folder
from automl.prediction import inference
from automl.prediction.inference import Answer, Failure, Predictor
from automl.serving import shadow_folder
from automl.serving.shadow_folder import Counts, Given, Line, Pair

MAX_WAITING = 256
"""Pictures in the queue."""

_MAX_WAITING_BYTES = 64_000_000
_LOOK_SECONDS = 1.0
_MAX_PATIENCE_SECONDS = 60.0
"""Longest time between two attempts at an exchange that fails; each waits twice as long."""

_LOWEST_PRIORITY = 19

_log = logging.getLogger(__name__)

Work = tuple[bytes, Predictor, Answer]


class Shadow:
    """The second model, its queue and its thread."""

    def __init__(
        self,
        folder: Path,
        *,
        max_pixels: int | None = None,
        on_exchange: Callable[[Path], None] = lambda _: None,
        on_outcome: Callable[[str], None] = lambda _: None,
        max_lines: int = shadow_folder.MAX_LINES,
    ) -> None:
        """Load the second model and start the thread.

        Args:
            folder: has a pair, see `shadow_folder`.
            max_pixels: of one picture.
            on_exchange: called, in the thread, with the folder of the model that is first from now
                on; until it returns, the former one answers.
            on_outcome: called with `agrees`, `differs`, `dropped` or `failed` for each picture.
            max_lines: answers that are recorded.

        Raises:
            PredictionError: the second model cannot be loaded.
        """
        pair = shadow_folder.load_pair(folder)
        assert pair is not None
        self._folder, self._pair, self._max_pixels = folder, pair, max_pixels
        self._on_exchange, self._on_outcome, self._max_lines = on_exchange, on_outcome, max_lines
        self._second = Predictor(pair.second)
        self._counts = self._saved = shadow_folder.load_counts(folder)
        self._waiting: queue.Queue[Work] = queue.Queue(MAX_WAITING)
        self._num_bytes = self._num_dropped = 0
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._patience_seconds = self._next_attempt = 0.0
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, picture: bytes, predictor: Predictor, answer: Answer | Failure) -> None:
        """Show a picture to the second model, or drop it; returns at once."""
        if isinstance(answer, Failure):
            return
        with self._lock:  # nobody else fills the queue
            if self._waiting.full() or self._num_bytes + len(picture) > _MAX_WAITING_BYTES:
                self._num_dropped += 1
                return
            self._waiting.put_nowait((picture, predictor, answer))
            self._num_bytes += len(picture)

    @property
    def num_waiting(self) -> int:
        """Pictures in the queue."""
        return self._waiting.qsize()

    def close(self) -> None:
        """End the thread after the picture that it is at, drop the others, and write the counts."""
        self._is_closed.set()
        self._thread.join()
        with self._lock, contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
                self._num_dropped += 1
        self._save_counts()

    def _work(self) -> None:
        with contextlib.suppress(OSError):  # of this thread alone, on Linux
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        next_look = 0.0
        while not self._is_closed.is_set():
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _LOOK_SECONDS
                self._look()
            try:
                picture, predictor, answer = self._waiting.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            with self._lock:
                self._num_bytes -= len(picture)
            try:
                self._answer(picture, predictor, answer)
            except Exception:  # noqa: BLE001 (whatever the second model does, the first one answers)
                self._count("failed")

    def _answer(self, picture: bytes, predictor: Predictor, answer: Answer) -> None:
        if predictor.model_dir == self._second.model_dir:
            return  # it was waiting while the two were exchanged
        pixels = self._second.read(io.BytesIO(picture), max_pixels=self._max_pixels)
        if isinstance(pixels, Failure):
            self._count("failed")
            return
        (other,) = self._second.run([pixels])
        given = {
            str(model.model_dir): _given(model, said)
            for model, said in ((predictor, answer), (self._second, other))
        }
        first, second = (each.label for each in given.values())
        if self._counts.answered < self._max_lines:
            content = hashlib.sha256(picture).hexdigest()
            line = Line(at=datetime.now(UTC), content=content, answers=given)
            shadow_folder.append(self._folder, line)
        self._count("agrees" if first == second else "differs")

    def _count(self, outcome: str, number: int = 1) -> None:
        counts = self._counts.model_dump()
        if outcome in ("agrees", "differs"):
            counts["unrecorded"] += int(counts["answered"] >= self._max_lines)
            counts["answered"] += 1
            counts["differing"] += outcome == "differs"
        else:
            counts[outcome] += number
        self._counts = Counts(**counts)
        for _ in range(number):
            self._on_outcome(outcome)

    def _look(self) -> None:
        """Write the counts, and exchange the models if somebody has asked for it."""
        self._save_counts()
        if time.monotonic() < self._next_attempt:
            return
        try:
            pair = shadow_folder.load_pair(self._folder)
            if pair is not None and pair.first == self._pair.second:
                second = Predictor(pair.second)
                self._on_exchange(pair.first)
                self._second, self._pair = second, pair
        except Exception as error:  # noqa: BLE001 (the first model goes on, and this thread lives)
            if not self._patience_seconds:
                _log.warning("%s: the models are not exchanged yet: %s", self._folder, error)
            longer = max(2 * self._patience_seconds, _LOOK_SECONDS)
            self._patience_seconds = min(longer, _MAX_PATIENCE_SECONDS)
            self._next_attempt = time.monotonic() + self._patience_seconds
        else:
            self._patience_seconds = 0.0

    def _save_counts(self) -> None:
        with self._lock:
            dropped, self._num_dropped = self._num_dropped, 0
        if dropped:
            self._count("dropped", dropped)
        if self._counts == self._saved:
            return
        with contextlib.suppress(OSError):  # a full disk
            shadow_folder.save_counts(self._folder, self._counts)
            self._saved = self._counts


def prepared(folder: Path, first: Path, second: Path) -> Pair:
    """The pair of a folder, which keeps the exchanges of two models that it has seen before.

    Raises:
        UserError: the two give labels of different kinds, or the folder is that of other models, or
            damaged; see `private_folder.make`.
    """
    private_folder.make(folder)
    pair = shadow_folder.load_pair(folder)
    if pair is None:
        if len({inference.labels_of(model)[1] for model in (first, second)}) > 1:
            raise UserError(
                f"Of {first} and {second} one gives each picture one label and the other any "
                "number, so their answers cannot be compared. Name two models of one task."
            )
        pair = Pair(first=first, second=second)
        shadow_folder.save_pair(folder, pair)
    if {pair.first, pair.second} != {first, second} or first == second:
        raise UserError(
            f"{folder} is about {pair.first} and {pair.second}. Name another --shadow-folder for "
            f"{first} and {second}, which must be two models."
        )
    return pair


def _given(model: Predictor, answer: Answer) -> Given:
    prediction = model.prediction(answer)
    labels = prediction.labels
    # sorted, as those of data are: two models order one set by their own probabilities
    label = prediction.label if labels is None else ", ".join(sorted(labels))
    return Given(label=label, probability=round(prediction.probability, 4))
