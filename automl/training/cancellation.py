"""How a trial ends between two batches when it is asked to."""

from collections.abc import Callable, Iterator
from typing import TypeVar

_Batch = TypeVar("_Batch")


class CancelledError(Exception):
    """The trial was asked to stop in the middle of an epoch, or of a look at the pictures."""


def until_cancelled(
    batches: Iterator[_Batch], is_cancelled: Callable[[], bool]
) -> Iterator[_Batch]:
    """The batches, each after a look at `is_cancelled`.

    Raises:
        CancelledError: it became true.
    """
    for batch in batches:
        if is_cancelled():
            raise CancelledError
        yield batch
