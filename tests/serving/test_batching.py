import asyncio
import threading

import numpy as np
import pytest

from automl.serving.batching import Batcher


def pixels(value):
    return np.full((1, 1, 3), value, np.uint8)


def run_counting(sizes, gate=None):
    def run(pictures):
        if gate is not None:
            gate.wait(10)
        sizes.append(len(pictures))
        return np.array([[picture[0, 0, 0]] for picture in pictures], np.float32)

    return run


async def everything_has_begun():
    """Let every task run to where it waits; no time passes."""
    for _ in range(10):
        await asyncio.sleep(0)


async def answers(batcher, values):
    rows = await asyncio.gather(*(batcher.answer(pixels(value)) for value in values))
    return [int(row[0]) for row in rows]


def test_everyone_gets_the_answer_to_their_own_picture():
    sizes = []
    batcher = Batcher(run_counting(sizes), max_batch_size=4)
    assert asyncio.run(answers(batcher, range(10))) == list(range(10))
    assert max(sizes) <= 4
    batcher.close()


def test_what_arrives_while_the_model_runs_is_the_next_batch():
    sizes, gate = [], threading.Event()
    batcher = Batcher(run_counting(sizes, gate), max_batch_size=16)

    async def main():
        first = asyncio.create_task(batcher.answer(pixels(1)))
        await everything_has_begun()  # it is with the model
        rest = asyncio.create_task(answers(batcher, range(5)))
        await everything_has_begun()
        gate.set()
        await first
        await rest

    asyncio.run(main())
    assert sizes == [1, 5]
    batcher.close()


def test_with_a_window_the_first_one_waits_for_others():
    sizes = []
    batcher = Batcher(run_counting(sizes), max_batch_size=16, window_seconds=1)

    async def main():
        first = asyncio.create_task(batcher.answer(pixels(1)))
        await everything_has_begun()
        await asyncio.gather(first, batcher.answer(pixels(2)))

    asyncio.run(main())
    assert sizes == [2]
    batcher.close()


def test_an_error_of_the_model_reaches_all_who_wait_and_the_next_ones_are_answered():
    calls = []

    def run(pictures):
        calls.append(len(pictures))
        if len(calls) == 1:
            raise RuntimeError("no memory")
        return np.zeros((len(pictures), 1), np.float32)

    batcher = Batcher(run, max_batch_size=4)

    async def main():
        failed = await asyncio.gather(
            *(batcher.answer(pixels(1)) for _ in range(3)), return_exceptions=True
        )
        assert [str(error) for error in failed] == ["no memory"] * 3
        return await batcher.answer(pixels(1))

    assert asyncio.run(main()) == pytest.approx([0])
    batcher.close()


def test_one_who_left_does_not_disturb_the_others():
    gate = threading.Event()
    batcher = Batcher(run_counting([], gate), max_batch_size=4)

    async def main():
        leaving = asyncio.create_task(batcher.answer(pixels(1)))
        staying = asyncio.create_task(batcher.answer(pixels(2)))
        await everything_has_begun()
        leaving.cancel()
        gate.set()
        return int((await staying)[0])

    assert asyncio.run(main()) == 2
    batcher.close()
