"""Values that several threads share: made once, kept while there is room."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by key; the first thread that needs one makes it, and others wait for that."""

    def __init__(self, max_weight: int) -> None:
        """Keep values of at most this weight together; the last one is kept whatever it weighs."""
        self._max_weight = max_weight
        self._lock = threading.Lock()
        self._by_key: OrderedDict[Hashable, _Place[V]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V], weight: Callable[[V], int]) -> V:
        """The value of a key; an error of `make` is raised, and not kept."""
        with self._lock:
            place = self._by_key.setdefault(key, _Place())
            self._by_key.move_to_end(key)
        with place.lock:
            if not place.values:
                try:
                    place.values.append(make())
                except BaseException:
                    with self._lock:
                        self._by_key.pop(key, None)
                    raise
                place.weight = weight(place.values[0])
                self._make_room()
            return place.values[0]

    def _make_room(self) -> None:
        with self._lock:
            total = sum(place.weight for place in self._by_key.values())
            while total > self._max_weight and len(self._by_key) > 1:
                total -= self._by_key.popitem(last=False)[1].weight


class _Place(Generic[V]):
    """At most one value; a list, as a value may be None."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.values: list[V] = []
        self.weight = 0
