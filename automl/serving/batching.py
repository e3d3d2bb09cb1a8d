"""Pictures of different requests, answered in one run of the model."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from automl.prediction.inference import Pixels, Row

Run = Callable[[Sequence[Pixels]], NDArray[np.float32]]


class Batcher:
    """What arrives while the model runs is the next batch; nobody waits for a batch to fill,
    unless a window is given."""

    def __init__(
        self,
        run: Run,
        *,
        max_batch_size: int,
        window_seconds: float = 0.0,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._run = run
        self._max_batch_size = max_batch_size
        self._window_seconds = window_seconds
        self._on_batch = on_batch
        self._waiting: deque[tuple[Pixels, asyncio.Future[Row]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._work: asyncio.Task[None] | None = None

    async def answer(self, pixels: Pixels) -> Row:
        """The row of probabilities for one picture."""
        answered: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._waiting.append((pixels, answered))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._work_off())
        return await answered

    def close(self) -> None:
        self._thread.shutdown()

    async def _work_off(self) -> None:
        while self._waiting:
            if self._window_seconds and len(self._waiting) < self._max_batch_size:
                await asyncio.sleep(self._window_seconds)
            size = min(self._max_batch_size, len(self._waiting))
            await self._answer([self._waiting.popleft() for _ in range(size)])

    async def _answer(self, batch: list[tuple[Pixels, asyncio.Future[Row]]]) -> None:
        pictures = [pixels for pixels, _ in batch]
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.run_in_executor(self._thread, self._run, pictures)
        except Exception as error:  # noqa: BLE001 (raised in every request that waits for it)
            for _, answered in batch:
                if not answered.done():
                    answered.set_exception(error)
            return
        self._on_batch(len(batch))
        for (_, answered), row in zip(batch, rows, strict=True):
            if not answered.done():  # whoever asked may be gone
                answered.set_result(row)
