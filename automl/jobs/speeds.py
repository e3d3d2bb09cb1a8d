"""Measured speed of networks on a machine, and its cache. No torch: pages read it, too."""

import importlib.metadata
import math
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from automl.frozen_model import FrozenModel
from automl.host import atomic, home
from automl.jobs import model_catalog

_USUAL_GMACS, _USUAL_PARAMETERS = 1.0, 10.0
"""Billions of multiply-adds, and millions of parameters, of a network that the catalogue does not
know."""

_QUIET_SECONDS = 0.035
"""Seconds to score a picture, for each billion multiply-adds, on two quiet cores of a usual server:
those that other figures of this program are from."""

_SHRINKING = 0.7
"""Power of the number of pixels that time falls with, where there are fewer than were measured: a
training step takes half the time at 96 px that it takes at 160 px, and not a third."""

_NUM_ENDS = 5
"""Latest ends of searches that are remembered, of each kind."""

_FEWEST_ENDS = 3
"""Ends that may have been easy ones: with fewer, no less is kept than what is expected."""

_END_MARGIN = 1.25
"""Factor on the longest of them that is kept for the next end."""

_END_BOUNDS = (0.3, 2.0)
"""Range of the factor on what is expected of an end; what is outside is an accident."""


class NetworkSpeed(FrozenModel):
    """Seconds of one network: for a picture, and for a batch that it is trained on."""

    side: int
    """Side in pixels of the pictures it was measured with."""

    forward_seconds: float
    """Scoring a picture."""

    step_seconds: float
    """Training on a picture: forward and backward."""

    batch_seconds: float
    """Training on a batch, whatever it holds: calls of all layers and an update of the weights."""

    is_settled: bool = False
    """Measured during a search, while its trials waited; at its start other programs start, too."""

    def training(self, num_pictures: int, batch_size: int) -> float:
        """Seconds to train on so many pictures, in batches of this size."""
        num_batches = math.ceil(num_pictures / batch_size)
        return self.step_seconds * num_pictures + self.batch_seconds * num_batches

    def at(self, side: int) -> Self:
        """The speed for pictures of another side: time grows with the number of pixels.

        With fewer it shrinks less than they do.
        """
        factor = (side / self.side) ** 2
        factor = max(factor, factor**_SHRINKING)
        changes = {
            "side": side,
            "forward_seconds": self.forward_seconds * factor,
            "step_seconds": self.step_seconds * factor,
        }
        return self.model_copy(update=changes)

    def times(self, factor: float) -> Self:
        """The speed on a machine that takes `factor` times as long."""
        changes = {
            "forward_seconds": self.forward_seconds * factor,
            "step_seconds": self.step_seconds * factor,
            "batch_seconds": self.batch_seconds * factor,
        }
        return self.model_copy(update=changes)


class Speeds(FrozenModel):
    """Measured networks by name, and how long the ends of searches have taken."""

    networks: dict[str, NetworkSpeed]
    ends: dict[str, list[float]] = {}
    """By `kind_of_end` what the latest ends took, as multiples of what was expected."""

    def of(self, model_name: str, side: int) -> NetworkSpeed:
        """Speed of a network.

        One that was not measured is compared by its multiply-adds, and for a batch by its
        parameters.
        """
        if model_name in self.networks:
            return self.networks[model_name].at(side)
        known = {name: speed.at(side) for name, speed in self.networks.items()}
        share = gmacs(model_name) / sum(map(gmacs, known))
        of_weights = parameters(model_name) / sum(map(parameters, known))
        return NetworkSpeed(
            side=side,
            forward_seconds=share * sum(speed.forward_seconds for speed in known.values()),
            step_seconds=share * sum(speed.step_seconds for speed in known.values()),
            batch_seconds=of_weights * sum(speed.batch_seconds for speed in known.values()),
        )

    @property
    def slowness(self) -> float:
        """How many times as long a pass takes as on a usual, quiet machine; at least 1."""
        seconds = sum(speed.at(224).forward_seconds for speed in self.networks.values())
        return max(1.0, seconds / (_QUIET_SECONDS * sum(map(gmacs, self.networks))))

    def end_factor(self, *, is_frozen: bool) -> float:
        """Factor on what is expected of an end, by those that were measured; 1 without any.

        The next end must not pass its limit, so two ends do not lower it.
        """
        taken = self.ends.get(kind_of_end(is_frozen=is_frozen))
        if not taken:
            return 1.0
        low, high = _END_BOUNDS
        low = low if len(taken) >= _FEWEST_ENDS else 1.0
        return min(max(_END_MARGIN * max(taken), low), high)

    def settled(self) -> Self:
        """The same, measured during a search."""
        networks = {
            name: speed.model_copy(update={"is_settled": True})
            for name, speed in self.networks.items()
        }
        return self.model_copy(update={"networks": networks})

    def times(self, factors: Mapping[str, float], other: float) -> Self:
        """All networks by factors of their own, or by another one without."""
        networks = {
            name: speed.times(factors.get(name, other)) for name, speed in self.networks.items()
        }
        return self.model_copy(update={"networks": networks})


def kind_of_end(*, is_frozen: bool) -> str:
    """Kind of the end of a search that hands out a model on frozen features, or a trained one."""
    return "frozen" if is_frozen else "trained"


def gmacs(model_name: str) -> float:
    """Billions of multiply-adds for a picture of 224 px; a guess outside the catalogue."""
    known = model_catalog.MODELS.get(model_name)
    return known.gmacs * (224 / known.input_size) ** 2 if known else _USUAL_GMACS


def parameters(model_name: str) -> float:
    """Millions of parameters; a guess outside the catalogue."""
    known = model_catalog.MODELS.get(model_name)
    return known.parameters if known else _USUAL_PARAMETERS


def cached(device: str, num_threads: int) -> Speeds | None:
    """Speeds that were measured before with this device, number of threads and release of torch."""
    try:
        return Speeds.model_validate_json(_path(device, num_threads).read_bytes())
    except (OSError, ValidationError):  # never measured, or by another version of ours
        return None


def keep(speeds: Speeds, device: str, num_threads: int) -> None:
    """Add measured networks to those of the cache."""
    before = cached(device, num_threads) or Speeds(networks={})
    networks = {**before.networks, **speeds.networks}
    _write(before.model_copy(update={"networks": networks}), device, num_threads)


def keep_end(taken: float, device: str, num_threads: int, *, is_frozen: bool) -> None:
    """Add the end of a search to the cache, as a multiple of what was expected of it."""
    before = cached(device, num_threads)
    if before is None:
        return
    kind = kind_of_end(is_frozen=is_frozen)
    latest = [*before.ends.get(kind, []), taken][-_NUM_ENDS:]
    _write(before.model_copy(update={"ends": {**before.ends, kind: latest}}), device, num_threads)


def _write(speeds: Speeds, device: str, num_threads: int) -> None:
    atomic.write_text(_path(device, num_threads), speeds.model_dump_json(indent=2), durable=False)


def unsettled(names: Iterable[str], known: Speeds) -> list[str]:
    """The names that have not been measured during a search, in their order."""
    return [
        name for name in names if name not in known.networks or not known.networks[name].is_settled
    ]


def missing(names: Iterable[str], known: Speeds | None) -> list[str]:
    """The names that have not been measured, in their order."""
    return [name for name in names if known is None or name not in known.networks]


def _path(device: str, num_threads: int) -> Path:
    """File of the cache; its name holds everything that decides the speed."""
    versions = [importlib.metadata.version(name) for name in ("torch", "timm")]
    key = [platform.node(), _processor(), device, num_threads, *versions]
    return home.cache_dir("speeds") / f"{home.cache_name(key)}.json"


def _processor() -> str:
    """The processor's model; a container may move to another machine under the same name."""
    information = Path("/proc/cpuinfo")
    if not information.is_file():
        return platform.processor()
    lines = information.read_text("utf-8", errors="replace").splitlines()
    return next((line for line in lines if line.startswith("model name")), platform.machine())
