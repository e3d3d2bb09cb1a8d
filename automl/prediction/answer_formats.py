"""The formats of a file of answers: CSV, Parquet, JSON lines, and the lines of Azure's batches.

To add a format, write a class with the methods of `Writer` and put it into `FORMATS`.
"""

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from automl.errors import PredictionError
from automl.prediction.inference import Answer, Failure, Predictor

if TYPE_CHECKING:
    import pyarrow as pa

NamedAnswer = tuple[str, Answer | Failure]
"""A picture's name, and its answer or the reason why it cannot be read."""

_HEAD = ("path", "label", "probability")


class Writer(Protocol):
    """Writes answers to one file.

    Attributes:
        suffix: ending of the file names that mean this format; None if only its name does.
        batch_size: number of answers that are written together.
    """

    suffix: ClassVar[str | None]
    batch_size: ClassVar[int]

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        """is_new: False to continue the file of a run that was killed."""

    def names(self) -> Iterator[str]:
        """Yield the names of the pictures whose answers are in the file already."""

    def add(self, answers: Sequence[NamedAnswer]) -> None:
        """Write answers, so that they survive a kill of this process."""

    def close(self, *, is_finished: bool) -> None:
        """Close the file. is_finished: False if answers are still missing."""


class _Csv:
    """One row per picture with a column for every label, in alphabetical order."""

    suffix: ClassVar[str | None] = ".csv"
    batch_size: ClassVar[int] = 64

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        self._predictor, self._labels = predictor, predictor.labels
        self._path = path
        if not is_new:
            _cut_torn_record(path, is_quoted=True)
        self._file = path.open("a", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file)
        if is_new or not path.stat().st_size:
            self._writer.writerow(columns(self._labels, head(self._predictor)))
            self._file.flush()

    def names(self) -> Iterator[str]:
        with self._path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            for row in rows:
                yield row[0]

    def add(self, answers: Sequence[NamedAnswer]) -> None:
        for name, answer in answers:
            self._writer.writerow([name, *cells(answer, self._predictor)])
        self._file.flush()

    def close(self, *, is_finished: bool) -> None:  # noqa: ARG002 (the file is always complete)
        self._file.close()


class _JsonLines:
    """One JSON object per line, the same as the command line prints with --json."""

    suffix: ClassVar[str | None] = ".jsonl"
    batch_size: ClassVar[int] = 64
    name_key = "path"

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        self._predictor = predictor
        self._path = path
        if not is_new:
            _cut_torn_record(path, is_quoted=False)
        self._file = path.open("a", encoding="utf-8")

    def names(self) -> Iterator[str]:
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)[self.name_key]

    def add(self, answers: Sequence[NamedAnswer]) -> None:
        for name, answer in answers:
            line = {self.name_key: name, **self._fields(answer)}
            self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self, *, is_finished: bool) -> None:  # noqa: ARG002 (the file is always complete)
        self._file.close()

    def _fields(self, answer: Answer | Failure) -> dict[str, Any]:
        return fields(answer, self._predictor)


class _AzureLines(_JsonLines):
    """The lines that a batch endpoint of Azure writes."""

    suffix: ClassVar[str | None] = None
    name_key = "filename"

    def _fields(self, answer: Answer | Failure) -> dict[str, Any]:
        if isinstance(answer, Failure):
            return {"error": answer.message}
        return {"probs": answer.probabilities.tolist(), "labels": self._predictor.labels}


class _Parquet:
    """The columns of the CSV file.

    Nothing can be appended to a Parquet file, so the answers are written to many small files in a
    hidden folder beside it, which are joined in the end.
    """

    suffix: ClassVar[str | None] = ".parquet"
    batch_size: ClassVar[int] = 5_000

    def __init__(self, path: Path, predictor: Predictor, *, is_new: bool) -> None:
        self._predictor, self._labels = predictor, predictor.labels
        self._path = path
        self._parts = _parts_dir(path)
        if is_new:
            shutil.rmtree(self._parts, ignore_errors=True)
        self._parts.mkdir(exist_ok=True)

    def names(self) -> Iterator[str]:
        import pyarrow.parquet as pq

        for part in self._files():
            yield from pq.read_table(part, columns=["path"])["path"].to_pylist()

    def add(self, answers: Sequence[NamedAnswer]) -> None:
        import pyarrow.parquet as pq

        target = self._parts / f"{len(self._files()):06}.parquet"
        partial = target.with_suffix(".partial")
        pq.write_table(self._table(answers), partial)
        partial.replace(target)

    def close(self, *, is_finished: bool) -> None:
        import pyarrow.parquet as pq

        if not is_finished:
            return
        partial = self._parts / "joined.partial"
        with pq.ParquetWriter(partial, self._table(()).schema) as writer:
            for part in self._files():
                writer.write_table(pq.read_table(part))
        partial.replace(self._path)
        shutil.rmtree(self._parts)

    def _files(self) -> list[Path]:
        return sorted(self._parts.glob("*.parquet"))

    def _table(self, answers: Sequence[NamedAnswer]) -> "pa.Table":
        import pyarrow as pa

        kinds = {"probability": pa.float32(), "unlike": pa.bool_()}
        reserved = head(self._predictor)
        types = [kinds.get(name, pa.string()) for name in reserved]
        types += [pa.float32()] * len(self._labels)
        rows = [(escaped(name), *cells(answer, self._predictor)) for name, answer in answers]
        values = zip(*rows, strict=True) if rows else [()] * len(types)
        arrays = [pa.array(column, kind) for column, kind in zip(values, types, strict=True)]
        return pa.table(arrays, names=columns(self._labels, reserved))


FORMATS: dict[str, type[Writer]] = {
    "csv": _Csv,
    "parquet": _Parquet,
    "jsonl": _JsonLines,
    "azure": _AzureLines,
}


def format_of(path: Path) -> str:
    """Return the name of the format that the ending of a file's name means.

    Raises:
        PredictionError: no format has this ending.
    """
    by_suffix = {kind.suffix: name for name, kind in FORMATS.items() if kind.suffix}
    suffix = path.suffix.lower()
    if suffix not in by_suffix:
        raise PredictionError(
            f"{path} does not end with {' or '.join(by_suffix)}. Change its name, or name the "
            "format with --format."
        )
    return by_suffix[suffix]


def has_begun(path: Path) -> bool:
    """Return True if a run that was killed has left answers."""
    return path.is_file() or _parts_dir(path).is_dir()


def remove(path: Path) -> None:
    """Delete a file of answers, and what a run that was killed has left of it, in any format."""
    path.unlink(missing_ok=True)
    shutil.rmtree(_parts_dir(path), ignore_errors=True)


def fields(answer: Answer | Failure, predictor: Predictor) -> dict[str, Any]:
    """Return what the JSON of the command line says about a picture, except its path."""
    if isinstance(answer, Failure):
        return {"error": answer.message}
    return predictor.prediction(answer).fields()


def head(predictor: Predictor) -> list[str]:
    """Return the first columns of a table of answers; what a model does not say has none."""
    added = {"unlike": predictor.unlike, "answer_set": predictor.coverage}
    return [*_HEAD, *(name for name, value in added.items() if value is not None), "error"]


def cells(answer: Answer | Failure, predictor: Predictor) -> list[object]:
    """Return the cells of a picture's row after its name, as `head` and `columns` have them."""
    (label, probability, error), shares = split(answer, predictor)
    added: list[object] = []
    said = None if isinstance(answer, Failure) else answer
    if predictor.unlike is not None:
        added.append(said and predictor.is_unlike(said))
    if predictor.limit is not None:
        labels = said and predictor.answer_set(said, predictor.limit)
        added.append(labels and json.dumps(labels, ensure_ascii=False))
    return [label, probability, *added, error, *shares]


def columns(labels: Sequence[str], reserved: Sequence[str]) -> list[str]:
    """Return the column names of a table of answers: `reserved`, then one for each label.

    A label is its column's name, unless that is a reserved name: then `class ` is put before it,
    as often as it takes to make the name unique.
    """
    names, used = list(reserved), {*reserved, *labels}
    for label in sorted(labels):
        name = label
        if label in reserved:
            while name in used:
                name = f"class {name}"
            used.add(name)
        names.append(name)
    return names


def split(
    answer: Answer | Failure, predictor: Predictor
) -> tuple[tuple[str | None, float | None, str | None], Sequence[float | None]]:
    """Return (label, probability, error), and the probability of every label, sorted by label.

    Where a picture may have any number of labels, they stand in one text, without a probability.
    """
    labels = predictor.labels
    if isinstance(answer, Failure):
        return (None, None, answer.message), [None] * len(labels)
    row = answer.probabilities
    best = int(row.argmax())
    by_label = row[np.argsort(np.array(labels, dtype=object), kind="stable")]
    if predictor.has_label_sets:
        return (predictor.prediction(answer).text, None, None), by_label.tolist()
    return (labels[best], float(row[best]), None), by_label.tolist()


def escaped(name: str) -> str:
    """Return a file's name as text that can be encoded: bytes that are no text are spelt out."""
    return name.encode("utf-8", "backslashreplace").decode()


def _parts_dir(path: Path) -> Path:
    return path.with_name(f".{path.name}.parts")


def _cut_torn_record(path: Path, *, is_quoted: bool) -> None:
    """Cut off the last record if it is not complete.

    is_quoted: the file is CSV, where a line can end within quotes and the record continues on the
        next line. A record is complete at the end of a line after an even number of quotes.
    """
    end = position = num_quotes = 0
    with path.open("rb+") as file:
        for line in file:
            position += len(line)
            num_quotes += line.count(b'"')
            if line.endswith(b"\n") and not (is_quoted and num_quotes % 2):
                end = position
        file.truncate(end)
