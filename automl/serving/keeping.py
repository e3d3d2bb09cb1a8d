"""Requests that a server keeps if it is asked to: pictures to label, and answers to watch.

A folder of mode 0700 gets `pictures/`, with files named by the SHA-256 of their content, and
`answers.jsonl`, with a line for each answer. Both are bounded. Pictures that the model was unsure
of, or that are unlike its training pictures, are kept, and a random share of the others.
"""

import contextlib
import hashlib
import json
import os
import random
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from automl.host import atomic, json_lines, private_folder
from automl.prediction.inference import Answer, Failure, Predictor

UNSURE_BELOW = 0.7
"""Probability of the answer below which the model counts as unsure."""

_NEAR_THRESHOLD = 0.1
"""Distance of a probability from its threshold that counts as unsure, with label sets."""

MAX_ANSWERS = 20_000
"""Lines of `answers.jsonl`; then the older half goes."""

_MAX_WAITING_BYTES = 64_000_000
"""Limit of pictures that are waiting to be looked at."""

ANSWERS, PICTURES = "answers.jsonl", "pictures"


class KeptAnswer(BaseModel):
    """A line of `answers.jsonl`; other keys are ignored."""

    time: datetime | None = None
    experiment: str = ""
    """Empty in lines of earlier versions."""

    trial: str
    number: int = 0
    """Among the answers of the model since the beginning, also those whose lines are gone; 0 in
    lines of earlier versions."""

    label: str
    probability: float
    distance: float | None = None


@dataclass(frozen=True)
class Keeping:
    """Rule of which pictures are kept, and where."""

    folder: Path
    share: float
    """Share of unremarkable pictures that are kept."""

    limit: int
    """Most pictures in the folder."""

    max_bytes: int = 1_000_000_000
    """Most bytes of pictures in the folder."""


class Keeper:
    """Keeps answers and pictures in a thread of its own, so that no request waits for the disk."""

    def __init__(self, keeping: Keeping) -> None:
        """Prepare the folder.

        Raises:
            UserError: see `private_folder.make`.
        """
        self._keeping = keeping
        self._pictures = keeping.folder / PICTURES
        self._answers = keeping.folder / ANSWERS
        for folder in (keeping.folder, self._pictures):
            private_folder.make(folder)
        self._num_pictures, self._num_bytes = self._count()
        lines = _lines(self._answers)
        self._num_lines, self._num_answers = len(lines), counted(lines)
        self._random = random.Random()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keep")
        self._lock = threading.Lock()
        self._num_waiting_bytes = 0

    def keep(self, picture: bytes, predictor: Predictor, answer: Answer | Failure) -> None:
        """Keep an answer, and its picture if it is worth it; dropped while too much waits."""
        if isinstance(answer, Failure):
            return
        with self._lock:
            if self._num_waiting_bytes + len(picture) > _MAX_WAITING_BYTES:
                return
            self._num_waiting_bytes += len(picture)
        self._thread.submit(self._write, picture, predictor, answer)

    def close(self) -> None:
        """Wait until everything is written."""
        self._thread.shutdown()

    def _write(self, picture: bytes, predictor: Predictor, answer: Answer) -> None:
        try:
            digest = hashlib.sha256(picture).hexdigest()
            why = reason(predictor, answer)
            if not why and self._random.random() < self._keeping.share:
                why = "sample"
            is_kept = bool(why) and self._keep_picture(digest, picture)
            self._append(_line(predictor, answer, digest, why if is_kept else ""))
        except OSError:
            pass  # a full disk must not end the server; the next one may fit
        finally:
            with self._lock:
                self._num_waiting_bytes -= len(picture)

    def _keep_picture(self, digest: str, picture: bytes) -> bool:
        """True if the picture is in the folder."""
        path = self._pictures / f"{digest}{_ending(picture)}"
        if path.exists():
            return True
        if not self._has_room(len(picture)):
            self._num_pictures, self._num_bytes = self._count()  # some may be labelled and gone
            if not self._has_room(len(picture)):
                return False
        atomic.write_bytes(path, picture, durable=False)
        self._num_pictures += 1
        self._num_bytes += len(picture)
        return True

    def _has_room(self, num_bytes: int) -> bool:
        is_full = self._num_pictures >= self._keeping.limit
        return not is_full and self._num_bytes + num_bytes <= self._keeping.max_bytes

    def _count(self) -> tuple[int, int]:
        """Number and bytes of the pictures in the folder."""
        sizes = []
        for path in self._pictures.iterdir():
            with contextlib.suppress(FileNotFoundError):  # labelled, and gone since it was listed
                sizes.append(path.stat().st_size)
        return len(sizes), sum(sizes)

    def _append(self, line: dict[str, Any]) -> None:
        if self._num_lines >= MAX_ANSWERS:
            lines = self._answers.read_bytes().splitlines(keepends=True)[-MAX_ANSWERS // 2 :]
            atomic.write_bytes(self._answers, b"".join(lines), durable=False)
            self._num_lines = len(lines)
        model = line["experiment"], line["trial"]
        number = self._num_answers[model] + 1
        json_lines.append(self._answers, json.dumps({**line, "number": number}))
        self._num_lines += 1
        self._num_answers[model] = number


def counted(lines: Iterable[KeptAnswer]) -> Counter[tuple[str, str]]:
    """Answers since the beginning, by experiment and trial; the oldest line comes first."""
    counts = Counter[tuple[str, str]]()
    for line in lines:
        model = line.experiment, line.trial
        counts[model] = max(counts[model] + 1, line.number)
    return counts


def are_kept(place: Path) -> bool:
    """True for a folder of `Keeping`, or that of its pictures."""
    inside = place.parent if place.name == PICTURES else place
    return os.path.isfile(inside / ANSWERS)  # noqa: PTH113 (no error where nobody may look)


def reason(predictor: Predictor, answer: Answer) -> str:
    """`unlike`, `unsure`, or nothing, for an answer."""
    if predictor.is_unlike(answer):
        return "unlike"
    if predictor.has_label_sets:
        distances = abs(answer.probabilities - predictor.thresholds)
        return "unsure" if distances.min() < _NEAR_THRESHOLD else ""
    return "unsure" if answer.probabilities.max() < UNSURE_BELOW else ""


def _line(predictor: Predictor, answer: Answer, digest: str, kept: str) -> dict[str, Any]:
    said = predictor.prediction(answer)
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "experiment": predictor.experiment,
        "trial": predictor.trial_id,
        "picture": digest,
        "label": said.text,
        "probability": round(said.probability, 4),
        "distance": None if answer.distance is None else round(answer.distance, 5),
        "unlike": said.is_unlike,
        "kept": kept,
    }


def _ending(picture: bytes) -> str:
    """Ending of a file with this content, as far as its first bytes say."""
    endings = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"GIF8": ".gif", b"BM": ".bmp"}
    endings |= {b"II*\0": ".tif", b"MM\0*": ".tif"}
    if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
        return ".webp"
    return next((end for start, end in endings.items() if picture.startswith(start)), "")


def _lines(path: Path) -> list[KeptAnswer]:
    try:
        return list(json_lines.read(path, KeptAnswer))
    except FileNotFoundError:
        return []
