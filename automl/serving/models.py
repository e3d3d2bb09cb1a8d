"""The models of a server, loaded and ready."""

import asyncio
import io
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from automl.host.cores import usable_cores
from automl.prediction.inference import Failure, Pixels, Predictor, Row
from automl.serving.batching import Batcher
from automl.serving.explanations import Explanations
from automl.serving.limits import Limits
from automl.serving.refusal import Refusal


class Decoder:
    """Threads in which the pictures of all models are decoded; as many as there are cores, so that
    the memory of pictures that claim to be huge is bounded."""

    def __init__(self, limits: Limits) -> None:
        self._max_pixels = limits.max_pixels
        self._threads = ThreadPoolExecutor(usable_cores(), thread_name_prefix="decode")

    async def decode(self, predictor: Predictor, picture: bytes) -> Pixels | Failure:
        def read() -> Pixels | Failure:
            return predictor.read(io.BytesIO(picture), max_pixels=self._max_pixels)

        return await asyncio.get_running_loop().run_in_executor(self._threads, read)

    def close(self) -> None:
        self._threads.shutdown()


class ServedModel:
    """One model with a name of its own."""

    def __init__(
        self,
        name: str,
        model_dir: Path,
        limits: Limits,
        decoder: Decoder,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.predictor = _loaded(model_dir)
        self.labels_json = json.dumps(self.predictor.labels)
        self._decoder = decoder
        self._chunk = limits.max_batch_size
        self._batcher = Batcher(
            self.predictor.probabilities,
            max_batch_size=limits.max_batch_size,
            window_seconds=limits.batch_window_seconds,
            on_batch=on_batch,
        )

    async def rows(self, pictures: Sequence[bytes]) -> list[Row | Failure]:
        """An answer for each; of a long request only a batch at a time is decoded, which bounds its
        memory and lets others in between."""
        answered: list[Row | Failure] = []
        for start in range(0, len(pictures), self._chunk):
            chunk = pictures[start : start + self._chunk]
            answered += await asyncio.gather(*map(self._row, chunk))
        return answered

    def close(self) -> None:
        self._batcher.close()

    async def _row(self, picture: bytes) -> Row | Failure:
        pixels = await self._decoder.decode(self.predictor, picture)
        return pixels if isinstance(pixels, Failure) else await self._batcher.answer(pixels)


class Models:
    """All of them by name; the first one answers where none is named."""

    def __init__(self, served: Mapping[str, ServedModel], decoder: Decoder) -> None:
        self.by_name = served
        self.default = next(iter(served.values()))
        self.explanations = Explanations()
        self._explaining = ThreadPoolExecutor(1, thread_name_prefix="explain")
        self._decoder = decoder

    @classmethod
    def load(
        cls, places: Mapping[str, Path], limits: Limits, on_batch: Callable[[str, int], None]
    ) -> "Models":
        """Load from model directories by name.

        Raises:
            ValueError: one of them is no model that can be used.
        """
        decoder = Decoder(limits)

        def load(name: str, place: Path) -> ServedModel:
            return ServedModel(name, place, limits, decoder, lambda size: on_batch(name, size))

        return cls({name: load(name, place) for name, place in places.items()}, decoder)

    def named(self, name: str | None) -> ServedModel:
        if name is None:
            return self.default
        if name not in self.by_name:
            known = ", ".join(self.by_name)
            raise Refusal(404, f"There is no model of that name here. There is: {known}.")
        return self.by_name[name]

    async def explain(
        self, model: ServedModel, picture: bytes, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """One at a time: it takes seconds and much memory."""
        return await asyncio.get_running_loop().run_in_executor(
            self._explaining, self.explanations.explain, model.predictor, picture, parameters
        )

    def close(self) -> None:
        self._explaining.shutdown()
        self.explanations.close()
        for model in self.by_name.values():
            model.close()
        self._decoder.close()


def _loaded(model_dir: Path) -> Predictor:
    """The model, which has answered once, so that the first request does not wait for what
    onnxruntime does on a first run."""
    try:
        predictor = Predictor(model_dir, num_threads=usable_cores())
        row = predictor.probabilities([predictor.blank()])[0]
    except Exception as error:  # noqa: BLE001 (those of onnxruntime have no base of their own)
        raise ValueError(
            f"{model_dir} cannot be loaded ({type(error).__name__}: {error}). Export it again."
        ) from None
    if len(row) != len(predictor.labels):
        raise ValueError(
            f"{model_dir} has {len(predictor.labels)} labels, but its model answers for "
            f"{np.size(row)} classes. Export it again."
        )
    return predictor
