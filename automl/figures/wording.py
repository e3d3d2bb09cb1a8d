"""How numbers, times, states and users' own words are written on the pages."""

import math
import re
from datetime import datetime
from typing import Literal

from automl.experiments.records import ExperimentState, TrialRecord, TrialState

NOTHING = "–"
_HALF_DIGIT = 0.0005  # of the last digit that is shown
_BREAK = "\N{WORD JOINER}"

Color = Literal["red", "orange", "blue", "green", "gray"]
_LOOK: dict[str, tuple[Color, str]] = {
    ExperimentState.QUEUED: ("gray", ":material/hourglass_empty:"),
    ExperimentState.PREPARING: ("blue", ":material/hourglass_top:"),
    ExperimentState.RUNNING: ("blue", ":material/play_circle:"),
    ExperimentState.STOPPING: ("orange", ":material/stop_circle:"),
    ExperimentState.COMPLETED: ("green", ":material/check_circle:"),
    ExperimentState.STOPPED: ("gray", ":material/stop_circle:"),
    ExperimentState.FAILED: ("red", ":material/error:"),
    ExperimentState.INTERRUPTED: ("orange", ":material/power_off:"),
    TrialState.PENDING: ("gray", ":material/hourglass_empty:"),
}


def plain(text: str) -> str:
    """The text for a place that renders Markdown, so that it shows as it is and loads nothing."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text.replace("\n", " "))
    # escaped colons and @ still make links, emoji and icons once the Markdown is parsed
    return re.sub(r"(\\[:@])(?=\S)|(?<=www)(\\\.)", lambda found: found[0] + _BREAK, escaped)


def score(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "not a number" if math.isnan(value) else f"{value:.3f}"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """`0.941 ± 0.012`; `1.000 (0.839–1.000)` at an end of it; the value alone without any."""
    around = margin(value, low, high)
    if not around:
        return score(value)
    return f"{score(value)} {around}" if around.startswith("±") else f"{score(value)} ({around})"


def margin(value: float | None, low: float | None, high: float | None) -> str:
    """`± 0.012`, `0.839–1.000` around a value that is an end of it, or nothing."""
    if value is None or low is None or high is None or math.isnan(high - low):
        return ""
    if min(value - low, high - value) < _HALF_DIGIT <= (high - low) / 2:
        return f"{low:.3f}–{high:.3f}"
    return f"± {(high - low) / 2:.3f}"


def score_of(trial: TrialRecord | None, primary_metric: str) -> str:
    """A trial's score with its interval."""
    if trial is None:
        return NOTHING
    return interval(trial.score(primary_metric), trial.score_low, trial.score_high)


def number(value: float) -> str:
    """Three significant digits; whole numbers and thousands as they are."""
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def megabytes(num_bytes: int) -> str:
    """Of files, as disks count: `12.5 MB`."""
    return f"{number(num_bytes / 1e6)} MB"


def gigabytes(num_bytes: int) -> str:
    """Of a machine, as memory is counted: `15.6 GB`."""
    return f"{number(num_bytes / 2**30)} GB"


def count(amount: int, noun: str) -> str:
    """`1 picture`, `1,200 pictures`; `class` becomes `classes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{amount:,} {noun if amount == 1 else plural}"


def duration(seconds: float | None) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def ago(when: datetime, now: datetime) -> str:
    seconds = (now - when).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 24 * 3600:
        return f"{seconds // 3600:.0f} h ago"
    return when.astimezone().strftime("%d %b %Y")


def local_time(when: datetime) -> str:
    """A moment as people read it, in local time with its zone: `28 Nov 2026, 18:43 CET`.

    Files hold UTC; everything that is shown goes through here.
    """
    return when.astimezone().strftime("%d %b %Y, %H:%M %Z")


def metric(name: str) -> str:
    """A metric's name as words: `average_precision_score_weighted` without underscores."""
    return name.replace("_", " ").replace("auc", "AUC")


def trial(of: TrialRecord) -> str:
    """A trial's number and title: `#3 resnet18`."""
    return f"#{of.number} {of.title}"


def kind(name: str) -> str:
    """The kind of a finding as words: `near_duplicates` without underscores."""
    return name.replace("_", " ").capitalize()


def state_icon(state: ExperimentState | TrialState) -> str:
    return _LOOK[state][1]


def state_color(state: ExperimentState | TrialState) -> Color:
    return _LOOK[state][0]
