"""Batching: pictures of different requests in one run of the model."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from automl.prediction.inference import Answer, Pixels

Run = Callable[[Sequence[Pixels]], Sequence[Answer]]
"""Returns the answers for pictures."""


class Batcher:
    """Runs a model for the pictures that are waiting, one batch after the other.

    Pictures that arrive while the model runs form the next batch. A picture that arrives while the
    model is idle is run at once, unless `window_seconds` tells it to wait for others.
    """

    def __init__(
        self,
        run: Run,
        *,
        max_batch_size: int,
        window_seconds: float = 0.0,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        """on_batch: called with the size of every batch."""
        self._run = run
        self._max_batch_size = max_batch_size
        self._window_seconds = window_seconds
        self._on_batch = on_batch
        self._waiting: deque[tuple[Pixels, asyncio.Future[Answer]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._worker: asyncio.Task[None] | None = None

    async def answer(self, pixels: Pixels) -> Answer:
        """Return the answer for one picture."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((pixels, answered))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._run_batches())
        return await answered

    def close(self) -> None:
        self._thread.shutdown()

    async def _run_batches(self) -> None:
        while self._waiting:
            if self._window_seconds and len(self._waiting) < self._max_batch_size:
                await asyncio.sleep(self._window_seconds)
            size = min(self._max_batch_size, len(self._waiting))
            await self._run_batch([self._waiting.popleft() for _ in range(size)])

    async def _run_batch(self, batch: list[tuple[Pixels, asyncio.Future[Answer]]]) -> None:
        pictures = [pixels for pixels, _ in batch]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, self._run, pictures)
        except Exception as error:  # noqa: BLE001 (raised in every request of the batch)
            for _, answered in batch:
                if not answered.done():
                    answered.set_exception(error)
            return
        self._on_batch(len(batch))
        for (_, answered), answer in zip(batch, answers, strict=True):
            if not answered.done():  # done: the client has closed the connection
                answered.set_result(answer)
