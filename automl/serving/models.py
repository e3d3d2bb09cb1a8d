"""The models of a server, loaded and warmed up."""

import asyncio
import io
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl.host.cores import usable_cores
from automl.prediction.inference import Answer, Failure, Pixels, Predictor
from automl.serving.batching import Batcher
from automl.serving.explanations import Explanations
from automl.serving.limits import Limits, Refusal


class Decoder:
    """Threads that decode the pictures for all models.

    There is one thread per core: at most so many pictures are decoded at the same time, which
    bounds the memory even if every picture has the largest size allowed.
    """

    def __init__(self, limits: Limits) -> None:
        self._max_pixels = limits.max_pixels
        self._threads = ThreadPoolExecutor(usable_cores(), thread_name_prefix="decode")

    async def decode(self, predictor: Predictor, picture: bytes) -> Pixels | Failure:
        """Decode, resize and crop a picture's file."""

        def read() -> Pixels | Failure:
            return predictor.read(io.BytesIO(picture), max_pixels=self._max_pixels)

        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def close(self) -> None:
        self._threads.shutdown()


@dataclass(frozen=True)
class Additions:
    """Additions to the answers of `/score` beyond Azure's form."""

    unlike: bool = False
    """If a picture is unlike the training pictures."""

    coverage: float | None = None
    """Probability with which a set of labels contains the right one."""

    false_alarms: float | None = None
    """Share of pictures like the training pictures that may be called unlike them."""


_AZURES_FORM = Additions()


Listener = Callable[[bytes, Predictor, Answer | Failure], None]


class ServedModel:
    """A model under the name that clients use for it."""

    def __init__(  # noqa: PLR0913
        self,
        name: str,
        model_dir: Path,
        limits: Limits,
        decoder: Decoder,
        on_batch: Callable[[int], None] = lambda _: None,
        additions: Additions = _AZURES_FORM,
    ) -> None:
        """Load the model and warm it up.

        Raises:
            PredictionError: the model cannot be loaded or run.
        """
        self.name = name
        self.predictor = Predictor(
            model_dir,
            num_threads=usable_cores(),
            coverage=additions.coverage,
            false_alarms=additions.false_alarms,
        )
        # onnxruntime allocates its memory in the first run; the first request must not wait for it
        self.predictor.run([self.predictor.blank()])
        self._says_unlike = additions.unlike
        self.labels_json = json.dumps(self.predictor.labels)
        self.listeners: list[Listener] = []
        """Called with each picture and its answer; they return at once and raise nothing."""

        self._decoder = decoder
        self._chunk_size = limits.max_batch_size
        self._batcher = Batcher(
            self.predictor.run,
            max_batch_size=limits.max_batch_size,
            window_seconds=limits.batch_window_seconds,
            on_batch=on_batch,
        )

    async def answers(self, pictures: Sequence[bytes]) -> list[Answer | Failure]:
        """Return an answer for each picture.

        A long request is decoded batch by batch. This bounds its memory, and the pictures of
        other requests are answered in between.
        """
        answers: list[Answer | Failure] = []
        for start in range(0, len(pictures), self._chunk_size):
            chunk = pictures[start : start + self._chunk_size]
            answers += await asyncio.gather(*map(self._answer, chunk))
        for listener in self.listeners:
            for picture, answer in zip(pictures, answers, strict=True):
                listener(picture, self.predictor, answer)
        return answers

    def additions(self, answer: Answer) -> dict[str, Any]:
        """Return what `/score` says beside probabilities and labels."""
        said: dict[str, Any] = {}
        if self._says_unlike:
            said["unlike"] = self.predictor.is_unlike(answer)
        if self.predictor.limit is not None:
            said["answer_set"] = self.predictor.answer_set(answer, self.predictor.limit)
        return said

    def close(self) -> None:
        self._batcher.close()

    async def _answer(self, picture: bytes) -> Answer | Failure:
        pixels = await self._decoder.decode(self.predictor, picture)
        return pixels if isinstance(pixels, Failure) else await self._batcher.answer(pixels)


class Models:
    """All models by name. The first one is the default: it answers requests without a name."""

    def __init__(
        self,
        by_name: Mapping[str, ServedModel],
        decoder: Decoder,
        load: Callable[[str, Path], ServedModel],
    ) -> None:
        self.by_name = dict(by_name)
        self.default = next(iter(by_name.values()))
        self._load = load
        self.explanations = Explanations()
        self._decoder = decoder

    @classmethod
    def load(
        cls,
        model_dirs: Mapping[str, Path],
        limits: Limits,
        on_batch: Callable[[str, int], None],
        additions: Additions = _AZURES_FORM,
    ) -> "Models":
        """Load model directories.

        Args:
            model_dirs: the directories by name.
            limits: limits of the server.
            on_batch: called with a model's name and the size of every batch it has run.
            additions: to the answers of `/score`.

        Raises:
            PredictionError: a model cannot be loaded or run.
        """
        decoder = Decoder(limits)

        def load(name: str, model_dir: Path) -> ServedModel:
            def ran(size: int) -> None:
                on_batch(name, size)

            return ServedModel(name, model_dir, limits, decoder, ran, additions)

        models = {name: load(name, model_dir) for name, model_dir in model_dirs.items()}
        return cls(models, decoder, load)

    def replace_default(self, model_dir: Path) -> None:
        """Load another model and let it answer in place of the first one, under the same name.

        Requests in flight are answered by the one before. Nothing else refers to it, so that it
        leaves the memory with the last of them.

        Raises:
            PredictionError: the model cannot be loaded or run; the one before goes on.
        """
        before = self.default
        after = self._load(before.name, model_dir)
        after.listeners = before.listeners
        self.by_name[before.name] = self.default = after

    def named(self, name: str | None) -> ServedModel:
        """Return the model with a name; the default model for None.

        Raises:
            Refusal: 404, there is no such model.
        """
        if name is None:
            return self.default
        if name not in self.by_name:
            known = ", ".join(self.by_name)
            raise Refusal(404, f"There is no model of that name here. There is: {known}.")
        return self.by_name[name]

    def close(self) -> None:
        self.explanations.close()
        for model in self.by_name.values():
            model.close()
        self._decoder.close()
