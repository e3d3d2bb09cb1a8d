"""Answers from an exported model, with onnxruntime: the predict page's and the command line's."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from automl.cores import usable_cores
from automl.dataset.pictures import UnreadablePicture, load_preprocessed

Picture = Path | BinaryIO

_BATCH_SIZE = 16
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


def _session(model_dir: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    try:
        return onnxruntime.InferenceSession(
            model_dir / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its errors have no class in common
        raise ValueError(f"The model in {model_dir} cannot be loaded: {error}") from error


class Predictor:
    """An exported model, loaded once; answers for any number of pictures.

    Raises:
        ValueError: there is a model, and it cannot be used.
    """

    def __init__(self, model_dir: Path) -> None:
        settings = json.loads((model_dir / "settings.json").read_text("utf-8"))
        self.labels: list[str] = json.loads((model_dir / "labels.json").read_text("utf-8"))
        self.trial_id: str = settings["trial_id"]
        self._resize_size: int = settings["validation_resize_size"]
        self._crop_size: int = settings["validation_crop_size"]
        if not 0 < max(self._crop_size, self._resize_size) <= MAX_SIDE:
            raise ValueError(
                f"The model in {model_dir} asks for pictures of {self._resize_size} pixels; at "
                f"most {MAX_SIDE:,} are allowed."
            )
        self._session = _session(model_dir)

    def predict(self, pictures: Sequence[Picture]) -> list[Prediction | Failure]:
        """One answer for every picture, in order."""
        return list(self.stream(pictures))

    def stream(self, pictures: Iterable[Picture]) -> Iterator[Prediction | Failure]:
        """As `predict`, in constant memory."""
        remaining = iter(pictures)
        while chunk := list(islice(remaining, _BATCH_SIZE)):
            yield from self._answers([self._read(picture) for picture in chunk])

    def _read(self, picture: Picture) -> NDArray[np.uint8] | Failure:
        try:
            return load_preprocessed(
                picture, resize_size=self._resize_size, crop_size=self._crop_size
            )
        except UnreadablePicture as error:
            return Failure(str(error))
        except OSError as error:
            return Failure(f"The file cannot be read: {error.strerror or error}.")

    def _answers(self, pixels: list[NDArray[np.uint8] | Failure]) -> Iterator[Prediction | Failure]:
        readable = [array for array in pixels if not isinstance(array, Failure)]
        answered = iter(self._probabilities(np.stack(readable)) if readable else ())
        for array in pixels:
            yield array if isinstance(array, Failure) else self._prediction(next(answered))

    def _probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, K) from uint8 (B, H, W, 3)."""
        batch = pixels.transpose(0, 3, 1, 2).astype(np.float32) / 255
        (logits,) = self._session.run(["output1"], {"input1": batch})
        powers = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        probabilities: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def _prediction(self, probabilities: NDArray[np.float32]) -> Prediction:
        order = np.argsort(-probabilities, kind="stable")
        ranked = {self.labels[index]: float(probabilities[index]) for index in order}
        label, probability = next(iter(ranked.items()))
        return Prediction(label, probability, ranked)
