"""Apply a function to many files in several threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from automl.host.cores import usable_cores

T = TypeVar("T")
R = TypeVar("R")
_MAX_BATCH = 32


def map_in_threads(
    function: Callable[[T], R],
    items: Sequence[T],
    progress: Callable[[int, int], None] | None = None,
) -> list[R]:
    """Apply a function to all items in as many threads as there are usable cores.

    Args:
        function: applied to each item.
        items: what to apply it to.
        progress: called in this thread with how many items are done, and how many there are; if it
            raises an error, the rest is cancelled.

    Returns:
        The results in the order of the items.
    """
    cores = usable_cores()
    size = max(1, min(_MAX_BATCH, len(items) // (8 * cores)))  # batches, as each future costs time
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    results: list[R] = []
    executor = ThreadPoolExecutor(cores)
    try:
        for batch in executor.map(lambda batch: [function(item) for item in batch], batches):
            results += batch
            if progress:
                progress(len(results), len(items))
    finally:
        executor.shutdown(cancel_futures=True)
    return results
