"""Answers from an exported model, with onnxruntime: of pages, command line and server alike."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from automl.dataset.preprocessing import (
    MAX_PIXELS,
    UnreadablePicture,
    load_preprocessed,
    model_input,
    softmax,
)
from automl.host.cores import usable_cores

Picture = Path | BinaryIO
Pixels = NDArray[np.uint8]
"""(H, W, 3) as the model takes them."""

Row = NDArray[np.float32]
"""Every label's probability, in the order of the labels."""

_PICTURES_AT_ONCE = 4
MAX_SIDE = 4096
"""Of a picture as a model sees it; a model of somebody else could ask for any."""


@dataclass(frozen=True)
class Prediction:
    """The most probable label, and every label's probability, highest first."""

    label: str
    probability: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Failure:
    """A picture that cannot be read, and why."""

    message: str


def _session(model_dir: Path, num_threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    # threads that wait by running in circles would take the cores from those that decode
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            model_dir / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its errors have no class in common
        raise ValueError(f"The model in {model_dir} cannot be loaded: {error}") from error


class Predictor:
    """An exported model, loaded once; answers for any number of pictures, from any thread.

    Raises:
        ValueError: there is a model, and it cannot be used.
    """

    def __init__(self, model_dir: Path, *, num_threads: int = 1) -> None:
        """num_threads: of one run of the model. With one, many pictures are answered fastest, as
        every core answers for others; with all, one picture is answered fastest."""
        settings = json.loads((model_dir / "settings.json").read_text("utf-8"))
        self.model_dir = model_dir
        self.labels: list[str] = json.loads((model_dir / "labels.json").read_text("utf-8"))
        self.trial_id: str = settings["trial_id"]
        self._resize_size: int = settings["validation_resize_size"]
        self._crop_size: int = settings["validation_crop_size"]
        if not 0 < max(self._crop_size, self._resize_size) <= MAX_SIDE:
            raise ValueError(
                f"The model in {model_dir} asks for pictures of {self._resize_size} pixels; at "
                f"most {MAX_SIDE:,} are allowed."
            )
        self._normalization = settings.get("normalization")  # None: the model does it itself
        self._session = _session(model_dir, num_threads)

    def predict(self, pictures: Sequence[Picture]) -> list[Prediction | Failure]:
        """One answer for every picture, in order."""
        return list(self.stream(pictures))

    def stream(self, pictures: Iterable[Picture | Failure]) -> Iterator[Prediction | Failure]:
        """As `predict`, in constant memory; a failure among the pictures stays one."""
        for row in self.rows(pictures):
            yield row if isinstance(row, Failure) else self.prediction(row)

    def rows(self, pictures: Iterable[Picture | Failure]) -> Iterator[Row | Failure]:
        """As `stream`; on every core some pictures are decoded and answered."""
        remaining = iter(pictures)
        threads = ThreadPoolExecutor(usable_cores())
        working: deque[Future[list[Row | Failure]]] = deque()
        try:
            while chunk := list(islice(remaining, _PICTURES_AT_ONCE)):
                working.append(threads.submit(self._answers, chunk))
                if len(working) == 2 * usable_cores():
                    yield from working.popleft().result()
            while working:
                yield from working.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)

    def read(self, picture: Picture | Failure, *, max_pixels: int = MAX_PIXELS) -> Pixels | Failure:
        """The picture as the model takes it."""
        if isinstance(picture, Failure):
            return picture
        try:
            return load_preprocessed(
                picture,
                resize_size=self._resize_size,
                crop_size=self._crop_size,
                max_pixels=max_pixels,
            )
        except UnreadablePicture as error:
            return Failure(str(error))
        except OSError as error:
            return Failure(f"The file cannot be read: {error.strerror or error}.")

    def blank(self) -> Pixels:
        """A black picture as the model takes them."""
        return np.zeros((self._crop_size, self._crop_size, 3), np.uint8)

    def probabilities(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        """(B, K) of B pictures that were read."""
        batch = model_input(np.stack(pixels), self._normalization)
        (logits,) = self._session.run(["output1"], {"input1": batch})
        return softmax(logits)

    def prediction(self, row: Row) -> Prediction:
        order = np.argsort(-row, kind="stable")
        ranked = {self.labels[index]: float(row[index]) for index in order}
        label, probability = next(iter(ranked.items()))
        return Prediction(label, probability, ranked)

    def _answers(self, pictures: Sequence[Picture | Failure]) -> list[Row | Failure]:
        pixels = [self.read(picture) for picture in pictures]
        readable = [array for array in pixels if not isinstance(array, Failure)]
        rows = iter(self.probabilities(readable) if readable else ())
        return [array if isinstance(array, Failure) else next(rows) for array in pixels]
