"""A file of answers, written while they are computed; after a kill the next run continues it.

While a file is unfinished, a hidden file beside it, the marker, says which model and format the
answers are of. The process that writes the answers holds a lock on the marker.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from automl.errors import PredictionError
from automl.host import process_lock
from automl.prediction import answer_formats
from automl.prediction.answer_formats import NamedAnswer, Writer
from automl.prediction.inference import Answer, Failure, Predictor

_SECONDS_UNWRITTEN = 10.0
"""Longest time for which an answer is kept in memory only."""


class AnswerFile:
    """An open file of answers. Leaving the `with` block without an error finishes it.

    Attributes:
        num_continued: number of answers that an earlier run had written.
    """

    def __init__(self, path: Path, format_name: str, predictor: Predictor) -> None:
        """Begin the file, or continue the file of a run that was killed.

        Args:
            path: the file.
            format_name: a key of `answer_formats.FORMATS`.
            predictor: the model that answers.

        Raises:
            PredictionError: there is no such format or folder, another process writes the file, or
                it was begun with another model or format.
        """
        writer = answer_formats.FORMATS.get(format_name)
        if writer is None:
            known = ", ".join(answer_formats.FORMATS)
            raise PredictionError(f"{format_name!r} is not a format. Choose from {known}.")
        if not path.parent.is_dir():
            raise PredictionError(
                f"There is no folder {path.parent}. Make it first, or choose another --output."
            )
        self._path = path
        self._marker = path.with_name(f".{path.name}.unfinished")
        self._lock = process_lock.take(self._marker)
        if self._lock is None:
            raise PredictionError(f"{path} is being written by another process. Wait for its end.")
        try:
            is_new = self._mark(format_name, predictor)
            self._writer: Writer = writer(path, predictor, is_new=is_new)
            self._done = _Names(() if is_new else self._writer.names())
        except BaseException:
            os.close(self._lock)
            raise
        self.num_continued = len(self._done)
        self._waiting: list[NamedAnswer] = []
        self._written_at = time.monotonic()

    def __contains__(self, name: str) -> bool:
        """Return True if an earlier run has written the answer for the picture."""
        return name in self._done

    def add(self, name: str, answer: Answer | Failure) -> None:
        """Add the answer for a picture; it is written with others, within 10 seconds or so."""
        self._waiting.append((name, answer))
        is_late = time.monotonic() - self._written_at > _SECONDS_UNWRITTEN
        if is_late or len(self._waiting) >= self._writer.batch_size:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._lock is not None
        try:
            self._write()
            self._writer.close(is_finished=kind is None)
            if kind is None:
                self._marker.unlink()
        finally:
            os.close(self._lock)

    def _write(self) -> None:
        if self._waiting:
            self._writer.add(self._waiting)
            self._waiting = []
        self._written_at = time.monotonic()

    def _mark(self, format_name: str, predictor: Predictor) -> bool:
        """Check the marker, or write it; return True if there is nothing to continue."""
        asked = {"form": format_name, "model": _fingerprint(predictor)}
        if predictor.coverage is not None:
            asked["coverage"] = str(predictor.coverage)
        if predictor.unlike is not None:
            asked["unlike above"] = str(predictor.unlike.threshold)
        content = json.dumps(asked)
        earlier = self._marker.read_text("utf-8")
        if earlier and earlier != content:
            raise PredictionError(
                f"{self._path} was begun with another model, format, coverage or share of false "
                f"alarms. Choose another file, or delete {self._marker} to begin anew."
            )
        if not earlier:
            # delete the old answers before writing the marker, so that they never belong to it
            answer_formats.remove(self._path)
            self._marker.write_text(content, "utf-8")
        return not (earlier and answer_formats.has_begun(self._path))


class _Names:
    """A set of names in 8 bytes each: the first 8 bytes of their hashes, sorted."""

    def __init__(self, names: Iterable[str]) -> None:
        hashes = (_hash(name) for name in names)
        self._sorted: NDArray[np.uint64] = np.sort(np.fromiter(hashes, np.uint64))

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, name: str) -> bool:
        value = _hash(name)
        position = int(np.searchsorted(self._sorted, np.uint64(value)))
        return position < len(self._sorted) and int(self._sorted[position]) == value


def _hash(name: str) -> int:
    text = answer_formats.escaped(name).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def _fingerprint(predictor: Predictor) -> str:
    digest = hashlib.sha256()
    for name in ("model.onnx", "labels.json", "settings.json"):
        with (predictor.model_dir / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
