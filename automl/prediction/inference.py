"""Predictions of an exported model with onnxruntime, for pages, command line and server alike."""

import copy
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from automl.dataset import picture_location
from automl.dataset.preprocessing import (
    UnreadablePicture,
    load_preprocessed,
    model_input,
    probabilities_of,
)
from automl.dataset.rendering import PLAIN, Rendering
from automl.errors import PredictionError
from automl.evaluation import answer_sets, unlike
from automl.host.cores import usable_cores
from automl.prediction import onnx_session
from automl.texts import mark

Picture = Path | BinaryIO
Pixels = NDArray[np.uint8]
"""(H, W, 3), a picture resized and cropped for the model."""

MAX_SIDE = 4096
"""Largest side of a model's input in pixels. A model from elsewhere could declare any size."""

UNFLAGGED = mark(
    "This model does not say which pictures are unlike its training pictures: it was exported by "
    "an earlier version, or too few of these could be read."
)

_PICTURES_PER_TASK = 4


@dataclass(frozen=True)
class Answer:
    """The output of a model for one picture."""

    probabilities: NDArray[np.float32]
    """(K,), in the order of the labels."""

    distance: float | None = None
    """From the nearest training picture, see `familiarity`; None if the model does not say it."""


@dataclass(frozen=True)
class Prediction:
    """The most probable label, and the probability of every label, highest first."""

    label: str
    probability: float
    probabilities: dict[str, float]

    labels: list[str] | None = None
    """The predicted labels, the most probable first, where a picture may have any number."""

    is_unlike: bool | None = None
    """True if the picture is unlike the training pictures; None if the model does not say it."""

    answer_set: list[str] | None = None
    """Labels of which one is right with the coverage that was asked for."""

    @property
    def text(self) -> str:
        """The answer as text: the most probable label, or all that are predicted."""
        return self.label if self.labels is None else ", ".join(self.labels)

    def fields(self) -> dict[str, Any]:
        """The answer as JSON."""
        if self.labels is None:
            answer: dict[str, Any] = {"label": self.label, "probability": self.probability}
        else:
            answer = {"labels": self.labels}
        if self.is_unlike is not None:
            answer["unlike"] = self.is_unlike
        if self.answer_set is not None:
            answer["answer_set"] = self.answer_set
        return {**answer, "probabilities": self.probabilities}


@dataclass(frozen=True)
class Failure:
    """The reason why a picture cannot be read."""

    message: str


_PerChannel = Annotated[list[float], Field(min_length=3, max_length=3)]


class _Normalization(BaseModel):
    mean: _PerChannel
    std: _PerChannel


class Unlike(BaseModel):
    """Reference by which a picture unlike the training pictures is recognised."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    """Distance above which it is."""

    false_alarm_rate: float = Field(gt=0, lt=1)
    """Share of pictures like the training pictures that are above it, at most."""

    held_out: list[tuple[int, float]] = []
    """Id in the experiment of each picture that the threshold was chosen on, and its distance."""

    left_out: list[float] = []
    """Distances of training pictures to the nearest one of another class; none if the network has
    learnt to tell the classes apart."""

    @property
    def caught(self) -> float | None:
        """Share of the pictures of a class that is missing in the training that are above the
        threshold, estimated by leaving each class out; None if that is not known."""
        if not self.left_out:
            return None
        return float((np.array(self.left_out) > self.threshold).mean())

    def at(self, rate: float) -> "Unlike":
        """The same with the threshold of another rate of false alarms.

        Raises:
            PredictionError: too few pictures were held out.
        """
        distances = np.array([distance for _, distance in self.held_out])
        try:
            threshold, rate = unlike.at(rate, distances, (self.threshold, self.false_alarm_rate))
        except unlike.TooFewHeldOutError as error:
            raise PredictionError(str(error)) from error
        return self.model_copy(update={"threshold": threshold, "false_alarm_rate": rate})


class _Settings(BaseModel):
    """The part of `settings.json` that predictions need; other keys are ignored."""

    model_config = ConfigDict(frozen=True)

    experiment: str = ""
    trial_id: str
    validation_resize_size: int = Field(gt=0)
    validation_crop_size: int = Field(gt=0)
    rendering: Rendering = PLAIN
    normalization: _Normalization | None = None
    """None: the ONNX model normalises its input itself."""

    has_label_sets: bool = False
    """True if a picture may have any number of the labels."""

    thresholds: list[Annotated[float, Field(ge=0, le=1)]] | None = None
    """Probability of each label from which it is predicted, of a model with label sets."""

    unlike: Unlike | None = None
    """None: the model does not say how far a picture is from the training pictures."""

    right_probabilities: list[float] | None = None
    """For answer sets, see `answer_sets.calibration`; None in exports of earlier versions, too."""


_T = TypeVar("_T")
_LABELS = TypeAdapter(Annotated[list[str], Field(min_length=1)])


class Predictor:
    """An exported model, loaded once. Its methods can be called from several threads.

    Attributes:
        model_dir: the folder of the model.
        labels: names of the classes, in the order of a row of probabilities.
        experiment: id of the experiment that it comes from; empty if it is not known.
        trial_id: the trial whose model it is.
        has_label_sets: True if a picture may have any number of the labels.
        thresholds: (K,) probability from which each label is predicted, of such a model.
        rendering: how pixel values become 8-bit RGB.
        unlike: what tells a picture that is unlike the training pictures; None: nothing does.
        coverage: probability with which the answer set contains the right label; None: no sets.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        num_threads: int = 1,
        coverage: float | None = None,
        false_alarms: float | None = None,
    ) -> None:
        """Load the model.

        Args:
            model_dir: folder with `model.onnx`, `labels.json` and `settings.json`.
            coverage: see above.
            false_alarms: share of pictures like the training pictures that may be called unlike
                them; that of the export if left out.
            num_threads: threads for one run of the model. One is fastest for many pictures,
                because every core then runs the model for different pictures. The number of cores
                is fastest for one picture.

        Raises:
            PredictionError: one of the three files is missing, damaged or not valid, or the model
                cannot guarantee the coverage or the share of false alarms.
        """
        settings = _read(TypeAdapter(_Settings), model_dir / "settings.json")
        self.model_dir = model_dir
        self.labels = _read(_LABELS, model_dir / "labels.json")
        self.experiment, self.trial_id = settings.experiment, settings.trial_id
        self.has_label_sets = settings.has_label_sets
        self.thresholds = np.array(
            [0.5] * len(self.labels) if settings.thresholds is None else settings.thresholds
        )
        self._resize_size = settings.validation_resize_size
        self._crop_size = settings.validation_crop_size
        self.rendering = settings.rendering
        self.unlike = settings.unlike
        if false_alarms is not None and self.unlike is not None:
            self.unlike = self.unlike.at(false_alarms)
        self._outputs = ["output1"] if self.unlike is None else ["output1", "distance"]
        self._right_probabilities = settings.right_probabilities
        self.coverage = coverage
        self.limit = None if coverage is None else self.set_limit(coverage)
        _check(model_dir, settings, self.labels)
        self._normalization: dict[str, list[float]] | None = None
        if settings.normalization is not None:
            self._normalization = settings.normalization.model_dump()
        self._session = _session(model_dir, num_threads)

    def with_thresholds(self, thresholds: NDArray[np.float64]) -> "Predictor":
        """The same model with other thresholds (K,); it shares everything else with this one."""
        other = copy.copy(self)
        other.thresholds = thresholds
        return other

    def with_false_alarms(self, rate: float) -> "Predictor":
        """The same model that calls more or fewer pictures unlike the training pictures."""
        other = copy.copy(self)
        other.unlike = None if self.unlike is None else self.unlike.at(rate)
        return other

    def predict(self, pictures: Sequence[Picture]) -> list[Prediction | Failure]:
        """Return a prediction or a failure for every picture, in the same order."""
        return list(self.stream(pictures))

    def stream(self, pictures: Iterable[Picture | Failure]) -> Iterator[Prediction | Failure]:
        """Like `predict`, in constant memory. A failure among the pictures is passed on."""
        for answer in self.answers(pictures):
            yield answer if isinstance(answer, Failure) else self.prediction(answer)

    def answers(self, pictures: Iterable[Picture | Failure]) -> Iterator[Answer | Failure]:
        """Like `stream`, with the outputs of the model.

        Every core decodes and predicts a few pictures at a time. At most two such tasks per core
        are waiting or running, so that memory does not grow with the number of pictures.
        """
        remaining = iter(pictures)
        threads = ThreadPoolExecutor(usable_cores())
        tasks: deque[Future[list[Answer | Failure]]] = deque()
        try:
            while chunk := list(islice(remaining, _PICTURES_PER_TASK)):
                tasks.append(threads.submit(self._chunk_answers, chunk))
                if len(tasks) == 2 * usable_cores():
                    yield from tasks.popleft().result()
            while tasks:
                yield from tasks.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)

    def read(
        self, picture: Picture | Failure, *, max_pixels: int | None = None
    ) -> Pixels | Failure:
        """Decode a picture, then resize and crop it to the size of the model's input."""
        if isinstance(picture, Failure):
            return picture
        try:
            with picture_location.opened(picture) as file:
                return load_preprocessed(
                    file,
                    resize_size=self._resize_size,
                    crop_size=self._crop_size,
                    max_pixels=max_pixels,
                    rendering=self.rendering,
                )
        except UnreadablePicture as error:
            return Failure(str(error))
        except OSError as error:
            return Failure(mark(f"The file cannot be read: {error.strerror or error}."))

    def blank(self) -> Pixels:
        """Return a black picture of the size of the model's input."""
        return np.zeros((self._crop_size, self._crop_size, 3), np.uint8)

    def run(self, pixels: Sequence[Pixels]) -> list[Answer]:
        """Return the answers for pictures that `read` has returned.

        Raises:
            PredictionError: the model cannot be run, or has another number of classes.
        """
        batch = model_input(np.stack(pixels), self._normalization)
        try:
            logits, *others = self._session.run(self._outputs, {"input1": batch})
        except Exception as error:  # the errors of onnxruntime have no common base class
            raise PredictionError(
                f"The model in {self.model_dir} cannot be run: {error} Export it again."
            ) from error
        if logits.shape != (len(pixels), len(self.labels)):
            raise PredictionError(
                f"The model in {self.model_dir} has {len(self.labels)} labels, but its model "
                f"answers for {logits.shape[-1] if logits.ndim else 1} classes. Export it again."
            )
        rows = probabilities_of(logits, has_label_sets=self.has_label_sets)
        distances = others[0].tolist() if others else [None] * len(rows)
        return list(map(Answer, rows, distances))

    def set_limit(self, coverage: float) -> float:
        """Return the limit of `answer_sets` for a coverage.

        Raises:
            PredictionError: the model cannot guarantee it.
        """
        if self._right_probabilities is None:
            raise PredictionError(
                f"The model in {self.model_dir} has nothing to make answer sets from: a picture "
                "has any number of labels, or it was exported by an earlier version. Export the "
                "model again, or leave --coverage out."
            )
        return answer_sets.limit(np.array(self._right_probabilities), coverage)

    def answer_set(self, answer: Answer, limit: float) -> list[str]:
        """Return the labels in the set of a picture, the most probable first."""
        return [self.labels[index] for index in answer_sets.members(answer.probabilities, limit)]

    def is_unlike(self, answer: Answer) -> bool | None:
        """Return True for a picture unlike the training pictures; None if the model is silent."""
        if self.unlike is None or answer.distance is None:
            return None
        return answer.distance > self.unlike.threshold

    def prediction(self, answer: Answer) -> Prediction:
        """Return the prediction that the output of the model stands for."""
        row = answer.probabilities
        order = np.argsort(-row, kind="stable")
        ranked = {self.labels[index]: float(row[index]) for index in order}
        label, probability = next(iter(ranked.items()))
        labels = [self.labels[index] for index in order if row[index] >= self.thresholds[index]]
        return Prediction(
            label,
            probability,
            ranked,
            labels if self.has_label_sets else None,
            self.is_unlike(answer),
            None if self.limit is None else self.answer_set(answer, self.limit),
        )

    def _chunk_answers(self, pictures: Sequence[Picture | Failure]) -> list[Answer | Failure]:
        pixels = [self.read(picture) for picture in pictures]
        readable = [array for array in pixels if not isinstance(array, Failure)]
        answers = iter(self.run(readable) if readable else ())
        return [array if isinstance(array, Failure) else next(answers) for array in pixels]


def labels_of(model_dir: Path) -> tuple[list[str], bool]:
    """Labels of a model, and True if a picture may have any number of them; it is not loaded.

    Raises:
        PredictionError: the folder has no such model.
    """
    settings = _read(TypeAdapter(_Settings), model_dir / "settings.json")
    return _read(_LABELS, model_dir / "labels.json"), settings.has_label_sets


def _read(kind: TypeAdapter[_T], path: Path) -> _T:
    """Read a JSON file of a model directory.

    Raises:
        PredictionError: the file is missing or its content is not valid.
    """
    try:
        return kind.validate_json(path.read_bytes())
    except OSError as error:
        raise PredictionError(
            f"{path} cannot be read: {error.strerror or error}. Export the model again."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        problem = f"{key}: {first['msg']}" if key else first["msg"]
        raise PredictionError(
            f"{path} is not valid ({problem}). Export the model again."
        ) from error


def _check(model_dir: Path, settings: _Settings, labels: list[str]) -> None:
    side = max(settings.validation_crop_size, settings.validation_resize_size)
    if side > MAX_SIDE:
        raise PredictionError(
            f"The model in {model_dir} asks for pictures of {side} pixels; at most {MAX_SIDE:,} "
            "are allowed."
        )
    # predictions are keyed by label: the probability of one of two equal labels would be lost
    (repeated, count), *_ = Counter(labels).most_common(1)
    if count > 1:
        raise PredictionError(
            f"{model_dir / 'labels.json'} has the label {repeated!r} more than once. Export the "
            "model again."
        )
    if settings.thresholds is not None and len(settings.thresholds) != len(labels):
        raise PredictionError(
            f"{model_dir / 'settings.json'} has {len(settings.thresholds)} thresholds for "
            f"{len(labels)} labels. Export the model again."
        )


def _session(model_dir: Path, num_threads: int) -> Any:
    try:
        return onnx_session.opened(model_dir / "model.onnx", num_threads)
    except Exception as error:  # the errors of onnxruntime have no common base class
        raise PredictionError(
            f"The model in {model_dir} cannot be loaded: {error} Export it again."
        ) from error
