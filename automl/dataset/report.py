"""What is known about a data set before training: counts and findings."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from automl.frozen_model import FrozenModel

MAX_PATHS = 50


class Severity(StrEnum):
    """How much a finding matters; blocking ones stop the launch."""

    BLOCKING = "blocking"
    WARNING = "warning"
    INFO = "info"


class Finding(FrozenModel):
    """One thing worth knowing about the data, with the pictures it concerns."""

    kind: str
    severity: Severity
    count: int
    paths: list[str]
    """The files concerned; in a stored report at most 50 of them."""

    message: str
    """What it is, what we do about it and what the user can do."""


class Distribution(FrozenModel):
    """How positive values are spread: a histogram whose bins grow in proportion."""

    edges: list[float]
    """Limits of the bins, one more than there are counts; half an octave each."""

    counts: list[int]
    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """values: (N,), at least one, all above 0."""
        least, most = float(values.min()), float(values.max())
        steps = np.arange(np.floor(2 * np.log2(least)), np.floor(2 * np.log2(most)) + 2)
        edges = 2 ** (steps / 2)
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        return cls(
            edges=edges.tolist(),
            counts=counts.tolist(),
            least=least,
            median=float(np.median(values)),
            most=most,
        )


class DatasetReport(FrozenModel):
    """Counts over the readable pictures, and findings with the worst first."""

    num_images: int
    classes: dict[str, int]
    splits: dict[str, int]
    class_splits: dict[str, dict[str, int]] = {}
    """Label -> split -> pictures."""

    formats: dict[str, int] = {}
    """As Pillow names them: JPEG, PNG, …"""

    modes: dict[str, int] = {}
    """As Pillow names them: RGB, L (grey), P (palette), CMYK, …"""

    short_sides: Distribution | None = None
    """Of the shorter side in pixels; None without a readable picture."""

    aspect_ratios: Distribution | None = None
    """Of width over height; None without a readable picture."""

    findings: list[Finding]
    data_hash: str
    """SHA-256 over content, label and given split of every readable picture."""

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.BLOCKING]

    def plus(self, findings: Iterable[Finding], **fields: Any) -> Self:
        """The report with more findings, the worst still first, and with other fields."""
        order = list(Severity)
        every = sorted([*self.findings, *findings], key=lambda one: order.index(one.severity))
        return self.model_copy(update={"findings": every, **fields})

    def shortened(self) -> Self:
        """The report with the first `MAX_PATHS` paths of each finding."""
        cut = [one.model_copy(update={"paths": one.paths[:MAX_PATHS]}) for one in self.findings]
        return self.model_copy(update={"findings": cut})
