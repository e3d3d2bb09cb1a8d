"""How findings are put: counts, names and paths cut to what a reader can take in."""

from collections.abc import Iterable
from pathlib import Path

from automl.dataset.report import Finding, Severity

_MAX_NAMED = 5


def finding(
    kind: str, severity: Severity, paths: Iterable[str], message: str, *, count: int | None = None
) -> Finding:
    """count: of the things concerned, where they are not the files."""
    found = [str(path) for path in paths]
    return Finding(
        kind=kind,
        severity=severity,
        count=len(found) if count is None else count,
        paths=found,
        message=message,
    )


def names(labels: Iterable[str]) -> str:
    """The distinct names, the first few of them spelt out."""
    distinct = list(dict.fromkeys(labels))
    more = len(distinct) - _MAX_NAMED
    return ", ".join(distinct[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def such_as(paths: Iterable[str], count: int) -> str:
    """`, such as a.png`, with the first path's name; nothing but the name if there is one."""
    first = Path(next(iter(paths))).name
    return f", such as {first}" if count > 1 else f", {first}"


def counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def is_(count: int) -> str:
    return "is" if count == 1 else "are"
