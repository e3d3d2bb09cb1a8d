"""What is known about a data set before training: counts and findings."""

from enum import StrEnum

from automl.frozen import FrozenModel


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
    """At most 50 of the files concerned."""

    message: str
    """What it is, what we do about it and what the user can do."""


class DatasetReport(FrozenModel):
    """Counts over the readable pictures, and findings with the worst first."""

    num_images: int
    classes: dict[str, int]
    splits: dict[str, int]
    findings: list[Finding]
    data_hash: str
    """SHA-256 over content, label and given split of every readable picture."""

    @property
    def blocking(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is Severity.BLOCKING]
