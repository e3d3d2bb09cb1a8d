"""The health report of a data set: counts and findings, known before training."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from automl.dataset.reading import Reading
from automl.dataset.rendering import PLAIN, Rendering
from automl.frozen_model import FrozenModel
from automl.sentences import Sentence, said

MAX_PATHS = 50


class Severity(StrEnum):
    """Severity of a finding; blocking ones keep an experiment from starting."""

    BLOCKING = "blocking"
    WARNING = "warning"
    INFO = "info"


class Finding(FrozenModel):
    """A fault or property of the data that the user should know, with the pictures it concerns."""

    kind: str
    severity: Severity
    count: int
    paths: list[str]
    """The files concerned; in a stored report at most 50 of them."""

    message: str
    """The fault, its effect, and what the user can do, in English."""

    sentences: list[Sentence | str] = []
    """The message in parts that other languages can say; empty in reports of earlier versions."""

    def said(self) -> str:
        """The message in the language of this thread."""
        return said(self.sentences or [self.message])


class Distribution(FrozenModel):
    """Histogram of positive values with logarithmic bins."""

    edges: list[float]
    """Limits of the bins, one more than counts; each is half an octave wide."""

    counts: list[int]
    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """Distribution of values (N,), at least one and all above 0."""
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
    """Distribution of the shorter side in pixels; None without a readable picture."""

    aspect_ratios: Distribution | None = None
    """Distribution of width divided by height; None without a readable picture."""

    readings: list[Reading] = []
    """How the training data was understood, followed by other ways to read it."""

    held_out_readings: dict[str, list[Reading]] = {}
    """The same for `validation_data` and `test_data`, where given."""

    rendering: Rendering = PLAIN
    """How pixel values become the 8-bit RGB that models see."""

    findings: list[Finding]
    data_hash: str
    """SHA-256 over content, label and given split of every readable picture."""

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.BLOCKING]

    def plus(self, findings: Iterable[Finding], **fields: Any) -> Self:
        """The report with more findings, the worst still first, and with other fields."""
        order = list(Severity)
        every = sorted(
            [*self.findings, *findings], key=lambda finding: order.index(finding.severity)
        )
        return self.model_copy(update={"findings": every, **fields})

    def shortened(self) -> Self:
        """The report with the first `MAX_PATHS` paths of each finding."""
        shortened = [
            finding.model_copy(update={"paths": finding.paths[:MAX_PATHS]})
            for finding in self.findings
        ]
        return self.model_copy(update={"findings": shortened})
