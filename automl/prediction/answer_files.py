"""Answers written to a file as they come, and carried on with after a kill.

While a file is unfinished, a hidden file beside it says whose answers it holds, and is locked by
whoever writes. A Parquet file cannot be added to: until it is finished its rows are in whole parts.
"""

import csv
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from automl.host import process_lock
from automl.prediction.inference import Failure, Predictor, Row

if TYPE_CHECKING:
    import pyarrow as pa

Form = Literal["csv", "parquet", "jsonl", "azure"]
FORMS: dict[str, Form] = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}
"""By the ending of the file's name; `azure` are the lines of Azure's batch endpoints."""

_HEAD = ("path", "label", "probability", "error")
_ROWS_AT_ONCE = 64
_ROWS_IN_A_PART = 5_000
_SECONDS_UNWRITTEN = 10.0
_Named = tuple[str, Row | Failure]


class AnswerFile:
    """An open file of answers. Leaving the block without an error finishes it."""

    def __init__(self, path: Path, form: Form, predictor: Predictor) -> None:
        """Begin, or carry on with what a run that was killed has left.

        Raises:
            ValueError: somebody else writes it, or it was begun with another model or form.
        """
        self._path = path
        self._marker = path.with_name(f".{path.name}.unfinished")
        self._lock = process_lock.take(self._marker)
        if self._lock is None:
            raise ValueError(f"{path} is being written by another automl predict. Wait for it.")
        try:
            is_new = self._claim(form, predictor)
            self._rows = _OPEN[form](path, predictor, is_new=is_new)
            self._done = _Names(() if is_new else self._rows.names())
        except BaseException:
            os.close(self._lock)
            raise
        self.num_carried_on = len(self._done)
        self._waiting: list[_Named] = []
        self._written_at = time.monotonic()

    def __contains__(self, name: str) -> bool:
        """Whether the run before has answered for it."""
        return name in self._done

    def add(self, name: str, answer: Row | Failure) -> None:
        self._waiting.append((name, answer))
        is_late = time.monotonic() - self._written_at > _SECONDS_UNWRITTEN
        if is_late or len(self._waiting) >= self._rows.at_once:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._lock is not None
        try:
            self._write()
            self._rows.close(is_finished=kind is None)
            if kind is None:
                self._marker.unlink()
        finally:
            os.close(self._lock)

    def _write(self) -> None:
        if self._waiting:
            self._rows.add(self._waiting)
            self._waiting = []
        self._written_at = time.monotonic()

    def _claim(self, form: Form, predictor: Predictor) -> bool:
        """Whether there is nothing to carry on with."""
        claim = json.dumps({"form": form, "model": _fingerprint(predictor)})
        found = self._marker.read_text("utf-8")
        if found and found != claim:
            raise ValueError(
                f"{self._path} was begun with another model or format. Give another file, or "
                f"delete {self._marker} to begin anew."
            )
        if not found:
            # first the old rows, then the claim: the two are never there together
            self._path.unlink(missing_ok=True)
            self._marker.write_text(claim, "utf-8")
        return not (found and _begun(self._path))


def form_of(path: Path) -> Form:
    """By the ending of the file's name.

    Raises:
        ValueError: it has another one.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ValueError(
            f"{path} ends neither with {' nor '.join(FORMS)}. Name the file so, or say --format."
        )
    return form


def fields(answer: Row | Failure, predictor: Predictor) -> dict[str, Any]:
    """What the command line's JSON says about a picture, besides its path."""
    if isinstance(answer, Failure):
        return {"error": answer.message}
    found = predictor.prediction(answer)
    return {
        "label": found.label,
        "probability": found.probability,
        "probabilities": found.probabilities,
    }


class _Rows(Protocol):
    at_once: int

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None: ...
    def names(self) -> Iterator[str]: ...
    def add(self, answers: Sequence[_Named]) -> None: ...
    def close(self, *, is_finished: bool) -> None: ...


class _Csv:
    """A column for every label, in the order of the alphabet."""

    at_once = _ROWS_AT_ONCE

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        self._labels = predictor.labels
        self._path = path
        if not is_new:
            _cut_torn_record(path, is_quoted=True)
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file)
        if is_new or not path.stat().st_size:
            self._writer.writerow(columns(self._labels))
            self._file.flush()

    def names(self) -> Iterator[str]:
        with self._path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            for row in rows:
                yield row[0]

    def add(self, answers: Sequence[_Named]) -> None:
        for name, answer in answers:
            head, shares = split(answer, self._labels)
            self._writer.writerow([name, *head, *shares])
        self._file.flush()

    def close(self, *, is_finished: bool) -> None:  # noqa: ARG002 (it is whole at any time)
        self._file.close()


class _JsonLines:
    """One object a line, as in the command line's JSON."""

    at_once = _ROWS_AT_ONCE
    key = "path"

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        self._predictor = predictor
        self._path = path
        if not is_new:
            _cut_torn_record(path, is_quoted=False)
        self._file = path.open("a", encoding="utf-8")

    def names(self) -> Iterator[str]:
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)[self.key]

    def add(self, answers: Sequence[_Named]) -> None:
        for name, answer in answers:
            self._file.write(json.dumps({self.key: name, **self._line(answer)}) + "\n")
        self._file.flush()

    def close(self, *, is_finished: bool) -> None:  # noqa: ARG002 (it is whole at any time)
        self._file.close()

    def _line(self, answer: Row | Failure) -> dict[str, Any]:
        return fields(answer, self._predictor)


class _AzureLines(_JsonLines):
    """What a line of an Azure batch endpoint's output says."""

    key = "filename"

    def _line(self, answer: Row | Failure) -> dict[str, Any]:
        if isinstance(answer, Failure):
            return {"error": answer.message}
        return {"probs": answer.tolist(), "labels": self._predictor.labels}


class _Parquet:
    """Columns as in the CSV file."""

    at_once = _ROWS_IN_A_PART

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        self._labels = predictor.labels
        self._path = path
        self._parts = _parts_dir(path)
        if is_new:
            shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir(exist_ok=True)

    def names(self) -> Iterator[str]:
        import pyarrow.parquet as pq

        for part in self._files():
            yield from pq.read_table(part, columns=["path"])["path"].to_pylist()

    def add(self, answers: Sequence[_Named]) -> None:
        import pyarrow.parquet as pq

        target = self._parts / f"{len(self._files()):06}.parquet"
        partial = target.with_suffix(".partial")
        pq.write_table(self._table(answers), partial)
        partial.replace(target)

    def close(self, *, is_finished: bool) -> None:
        import pyarrow.parquet as pq

        if not is_finished:
            return
        partial = self._parts / "whole.partial"
        with pq.ParquetWriter(partial, self._table(()).schema) as writer:
            for part in self._files():
                writer.write_table(pq.read_table(part))
        partial.replace(self._path)
        shutil.rmtree(self._parts)

    def _files(self) -> list[Path]:
        return sorted(self._parts.glob("*.parquet"))

    def _table(self, answers: Sequence[_Named]) -> "pa.Table":
        import pyarrow as pa

        rows = [(_text(name), *split(answer, self._labels)) for name, answer in answers]
        kinds = [pa.string(), pa.string(), pa.float32(), pa.string()]
        kinds += [pa.float32()] * len(self._labels)
        cells = [(name, *head, *shares) for name, head, shares in rows]
        found = zip(*cells, strict=True) if cells else [()] * len(kinds)
        arrays = [pa.array(column, kind) for column, kind in zip(found, kinds, strict=True)]
        return pa.table(arrays, names=columns(self._labels))


_OPEN: dict[Form, type[_Rows]] = {
    "csv": _Csv,
    "jsonl": _JsonLines,
    "azure": _AzureLines,
    "parquet": _Parquet,
}


def columns(labels: list[str], taken: Sequence[str] = _HEAD) -> list[str]:
    """Of a table of answers: those that are taken, and one for each label; a label that is called
    as one of them is told apart."""
    return [*taken, *(f"class {label}" if label in taken else label for label in sorted(labels))]


class _Names:
    """Which names there are, in 8 bytes each."""

    def __init__(self, names: Iterable[str]) -> None:
        hashes = (_hash(name) for name in names)
        self._sorted: NDArray[np.uint64] = np.sort(np.fromiter(hashes, np.uint64))

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, name: str) -> bool:
        value = _hash(name)
        place = int(np.searchsorted(self._sorted, np.uint64(value)))
        return place < len(self._sorted) and int(self._sorted[place]) == value


def _hash(name: str) -> int:
    digest = hashlib.blake2b(_text(name).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _text(name: str) -> str:
    """As it can be written: odd bytes of a file's name are spelt out."""
    return name.encode("utf-8", "backslashreplace").decode()


def split(
    answer: Row | Failure, labels: list[str]
) -> tuple[tuple[str | None, float | None, str | None], Sequence[float | None]]:
    """Label, probability and error; and the probability of every label, sorted by label."""
    if isinstance(answer, Failure):
        return (None, None, answer.message), [None] * len(labels)
    best = int(answer.argmax())
    shares = answer[np.argsort(np.array(labels, dtype=object), kind="stable")]
    return (labels[best], float(answer[best]), None), shares.tolist()


def _fingerprint(predictor: Predictor) -> str:
    digest = hashlib.sha256()
    for name in ("model.onnx", "labels.json", "settings.json"):
        with (predictor.model_dir / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _begun(path: Path) -> bool:
    return path.is_file() or _parts_dir(path).is_dir()


def _parts_dir(path: Path) -> Path:
    return path.with_name(f".{path.name}.parts")


def _cut_torn_record(path: Path, *, is_quoted: bool) -> None:
    """Take away the last record where it was not written to its end.

    is_quoted: as in CSV, where a line may end within quotes and the record go on.
    """
    end = position = num_quotes = 0
    with path.open("rb+") as file:
        for line in file:
            position += len(line)
            num_quotes += line.count(b'"')
            if line.endswith(b"\n") and not (is_quoted and num_quotes % 2):
                end = position
        file.truncate(end)
