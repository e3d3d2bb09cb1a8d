"""Text of numbers, times, states, metrics and users' own words, for pages, reports and commands.

Of this project only the names of metrics and the catalogues of texts are imported, so that commands
start quickly.
"""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from automl import texts
from automl.evaluation import metrics
from automl.jobs.trial_numbers import MOST_TRIALS
from automl.texts import _, mark, ngettext

if TYPE_CHECKING:
    from automl.evaluation.constant_answer import ConstantAnswer
    from automl.experiments.endings import Extent
    from automl.experiments.records import (
        ExperimentRecord,
        ExperimentState,
        TrialRecord,
        TrialState,
    )
    from automl.experiments.time_left import TimeLeft

NOTHING = "–"
AT_LIMIT = mark("ended at its limit")
LEARNING = mark("learning how fast this machine is")
_HALF_DIGIT = 0.0005  # half of the last digit that is shown
_WIDE = 0.04  # of an interval
_OFF_MIDDLE = 0.05  # share of an interval
_NO_LIMIT_SECONDS = 24 * 3600
_BREAK = "\N{WORD JOINER}"
_TRIAL_ID = re.compile(r"(?<!--trial )(?<![\w/:.-])trial-0*(\d+)(?![\w/-]|\.\w)")

Color = Literal["red", "orange", "blue", "green", "gray"]
_LOOK: dict[str, tuple[Color, str]] = {
    "queued": ("gray", ":material/hourglass_empty:"),
    "preparing": ("blue", ":material/hourglass_top:"),
    "running": ("blue", ":material/play_circle:"),
    "stopping": ("orange", ":material/stop_circle:"),
    "completed": ("green", ":material/check_circle:"),
    AT_LIMIT: ("orange", ":material/timer_off:"),
    "stopped": ("gray", ":material/stop_circle:"),
    "failed": ("red", ":material/error:"),
    "interrupted": ("orange", ":material/power_off:"),
    "pending": ("gray", ":material/hourglass_empty:"),
}


def plain(text: str) -> str:
    """Escape a text for Markdown: it shows as it is, makes no link and loads nothing."""
    escaped = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text.replace("\n", " "))
    # escaped colons and @ still make links, emoji and icons once the Markdown is parsed
    return re.sub(r"(\\[:@])(?=\S)|(?<=www)(\\\.)", lambda match: match[0] + _BREAK, escaped)


def as_list(sentence: str) -> str:
    """A sentence as Markdown, with the parts behind its colon, if it has several, as a list."""
    head, _colon, rest = sentence.partition(": ")
    parts = rest.removesuffix(".").split(texts.BETWEEN_PARTS)
    if len(parts) == 1:
        return plain(sentence)
    return "\n".join([f"{plain(head)}:", "", *(f"- {plain(part)}" for part in parts)])


def stored(text: str) -> str:
    """A stored sentence, or that of an error, in the language of the reader.

    Trials have their names of pages, `#4`, for their ids of commands and paths, `trial-004`.
    """
    return _TRIAL_ID.sub(r"#\1", texts.again(text))


def of_error(error: Exception) -> str:
    """The sentences of an error in the language of the reader, escaped."""
    return plain(stored(str(error)))


def label(text: str) -> str:
    """The label or labels of a picture, and words where it has none."""
    return text or _("no label")


def score(value: float | None) -> str:
    """`0.941`, `–` for None, `not a number` for NaN."""
    if value is None:
        return NOTHING
    return _("not a number") if math.isnan(value) else f"{value:.3f}"


def tried(extent: "Extent") -> str:
    """`5 of 8 tried, 3 not started`, or `8 of 8 tried, 1 cut short`; empty if all was tried."""
    if extent.is_whole:
        return ""
    if extent.num_unstarted:
        sentence, rest = _("{tried} of {planned} tried, {rest} not started"), extent.num_unstarted
    else:
        sentence, rest = _("{tried} of {planned} tried, {rest} cut short"), extent.num_cut
    tried, planned = integer(extent.num_tried), integer(extent.num_planned)
    return sentence.format(tried=tried, planned=planned, rest=integer(rest))


def state(state: "ExperimentState", extent: "Extent | None" = None) -> str:
    """`completed`, or `ended at its limit` if the time limit kept trials from being tried."""
    return AT_LIMIT if extent is not None and extent.is_at_limit else state.value


def outcome(state_: "ExperimentState", extent: "Extent | None" = None) -> str:
    """`ended at its limit: 5 of 8 tried, 3 not started`, `completed`."""
    missed = tried(extent) if extent is not None else ""
    name = _(state(state_, extent))
    return f"{name}: {missed}" if missed else name


def ended_trials(number: int, record: "ExperimentRecord") -> str:
    """`6 of 8`; with a plan by the clock, whose number of trials is only a limit, `6, at most 50`.

    `6` alone if no number is known, the time alone decides, or such a plan has ended.
    """
    ended = integer(number)
    is_open = record.state.is_finished or record.num_trials >= MOST_TRIALS
    if not record.num_trials or (record.plan and is_open):
        return ended
    sentence = _("{ended}, at most {planned}") if record.plan else _("{ended} of {planned}")
    return sentence.format(ended=ended, planned=integer(record.num_trials))


def of(number: int, total: int) -> str:
    """`3 of 1,200`."""
    return _("{count} of {total}").format(count=integer(number), total=integer(total))


def most_trials(number: int) -> str:
    """`At most 8 trials`, or that the time limit decides."""
    if number >= MOST_TRIALS:
        return _("As many trials as the time allows")
    return _("At most {trials}").format(trials=count(number, "trial"))


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """`0.941 ± 0.012`, or `0.900 (0.750–1.000)` if the value is not in the middle of its interval.

    Without an interval the value alone.
    """
    around = margin(value, low, high)
    if not around:
        return score(value)
    return f"{score(value)} {around}" if around.startswith("±") else f"{score(value)} ({around})"


def margin(value: float | None, low: float | None, high: float | None) -> str:
    """`± 0.012`, `0.750–1.000` if the value is not in the middle of its interval, or nothing."""
    if value is None or low is None or high is None or math.isnan(high - low):
        return ""
    off_middle = abs(value - (low + high) / 2)
    if off_middle > max(_HALF_DIGIT, _OFF_MIDDLE * (high - low)):  # `±` would name other ends
        return f"{low:.3f}–{high:.3f}"
    return f"± {(high - low) / 2:.3f}"


def score_with_ends(value: float | None, low: float | None, high: float | None) -> str:
    """`0.941 (0.930–0.954)`; without an interval the value alone."""
    if value is None or low is None or high is None or math.isnan(value + low + high):
        return score(value)
    return f"{score(value)} ({low:.3f}–{high:.3f})"


def expected(record: "ExperimentRecord") -> str:
    """`0.954 (0.92 to 0.98)`, the score to expect on new pictures; empty if there is none.

    The ends have three digits if they are closer than 0.04.
    """
    value, low, high = record.expected_score, record.expected_low, record.expected_high
    if value is None or low is None or high is None:
        return ""
    digits = 2 if high - low >= _WIDE else 3
    ends = _("{low} to {high}").format(low=f"{low:.{digits}f}", high=f"{high:.{digits}f}")
    return f"{score(value)} ({ends})"


def score_of(trial: "TrialRecord | None", primary_metric: str) -> str:
    """Return a trial's score with its interval."""
    if trial is None:
        return NOTHING
    return interval(trial.score(primary_metric), trial.score_low, trial.score_high)


def percent(share: float, digits: int = 1) -> str:
    """`91.2%`; `99.9%` of what is nearly all, because `100.0%` would deny the rest."""
    least = 10.0 ** -(digits + 2)
    shown = min(max(share, least), 1 - least) if 0 < share < 1 else share
    return f"{shown:.{digits}%}"


def number(value: float) -> str:
    """Three significant digits; all digits of whole numbers and of thousands."""
    if float(value).is_integer() or abs(value) >= 1000:
        return integer(round(value))
    return f"{value:.3g}"


def integer(value: int) -> str:
    """A whole number, in groups of three digits: `1,200`."""
    return texts.integer(value)


def megabytes(num_bytes: int) -> str:
    """Size of files in units of a million bytes: `12.5 MB`."""
    return f"{number(num_bytes / 1e6)} MB"


def gigabytes(num_bytes: int) -> str:
    """Size of memory in units of 2**30 bytes: `15.6 GB`."""
    return f"{number(num_bytes / 2**30)} GB"


def count(amount: int, noun: str) -> str:
    """`1 picture`, `1,200 pictures`; `class` becomes `classes`."""
    return ngettext(*counted(noun), amount).format(count=integer(amount))


def counted(noun: str) -> tuple[str, str]:
    """Keys of what `count` says: `{count} class` and `{count} classes`."""
    plural = noun + ("es" if noun.endswith("s") else "s")
    return f"{{count}} {noun}", f"{{count}} {plural}"


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


def span(low: float, high: float) -> str:
    """A range of seconds: `40 to 60 s`, `2 to 4 min`, `about 3 min`, `less than 5 s`."""
    if high < 7.5:
        return _("less than 10 s")
    first, last, unit = _rounded(low, high)
    if first == last:
        sentence = _("about {high} {unit}")
    else:
        sentence = _("{low} to {high} {unit}") if first else _("up to {high} {unit}")
    return sentence.format(low=number(first), high=number(last), unit=unit)


def _rounded(low: float, high: float) -> tuple[float, float, str]:
    """The ends of a range of seconds in the unit in which people would say it."""
    if high < 90:
        return 5 * round(low / 5), 5 * round(high / 5), "s"
    if high < 90 * 60:
        return round(low / 60), round(high / 60), "min"
    return round(low / 1800) / 2, round(high / 1800) / 2, "h"


def time_left(left: "TimeLeft") -> str:
    """`2 to 4 min left`; while nothing is known yet, what the limit allows."""
    if left.whole is not None:
        return _("{time} left").format(time=span(left.whole.low, left.whole.high))
    if left.at_most is None or left.at_most > _NO_LIMIT_SECONDS:
        return _(LEARNING)
    at_most, _same, unit = _rounded(left.at_most, left.at_most)
    time = f"{number(at_most)} {unit}"
    return _("{learning}; at most {time} left").format(learning=_(LEARNING), time=time)


def ago(when: datetime, now: datetime) -> str:
    """`just now`, `3 min ago`, `5 h ago`, or the date in local time."""
    seconds = (now - when).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return _("{count} min ago").format(count=f"{seconds // 60:.0f}")
    if seconds < 24 * 3600:
        return _("{count} h ago").format(count=f"{seconds // 3600:.0f}")
    return when.astimezone().strftime(_("%d %b %Y"))


def local_time(when: datetime) -> str:
    """A moment as people read it, in local time with its zone: `28 Nov 2026, 18:43 CET`.

    Files hold UTC; everything that is shown goes through here.
    """
    return when.astimezone().strftime(_("%d %b %Y, %H:%M %Z"))


def metric(key: str) -> str:
    """Name of a metric within a sentence: `weighted AUC` for `auc_weighted`.

    Metrics of other versions of this program are written without underscores.
    """
    known = metrics.named(key)
    return _(known.name) if known else key.replace("_", " ")


def metric_heading(key: str) -> str:
    """Name of a metric as a heading: `Weighted AUC`."""
    name = metric(key)
    return name[:1].upper() + name[1:]


def metric_shown(key: str, trials: "Iterable[TrialRecord]") -> str:
    """Name of the metric of scores, with their threshold where thresholds of its own rank a trial.

    Args:
        key: key of the metric.
        trials: trials whose scores are shown.
    """
    name = metric(key)
    is_ranked_otherwise = any(key in trial.own_scores for trial in trials)
    return _("{metric} (threshold 0.5)").format(metric=name) if is_ranked_otherwise else name


def explanation(key: str) -> str | None:
    """Sentence that explains a metric; None for one of another version of this program."""
    known = metrics.named(key)
    return _(known.explanation) if known else None


def trial(record: "TrialRecord") -> str:
    """Number and title of a trial: `#3 resnet18`."""
    return f"#{record.number} {record.title}"


def places(trials: "Sequence[TrialRecord]") -> dict[str, str]:
    """Machine and device of each trial, by its id; empty if they are the same for all."""
    found = {record.trial_id: _place(record) for record in trials}
    return found if len({place for place in found.values() if place}) > 1 else {}


def _place(record: "TrialRecord") -> str:
    """The machines of the trial, that of its worker first, and its GPU there if it has one."""
    *_worker, machine = str(record.effective.get("worker", "")).rpartition(" on ")
    machine = ", ".join(filter(None, [machine, record.effective.get("other_machines")]))
    gpu = record.effective.get("gpu")
    return f"{machine}, GPU {gpu}" if machine and gpu else machine


def ranking(trials: "Sequence[TrialRecord]", primary_metric: str) -> str:
    """Sentences on the order of trials where it is not that of the scores; empty where it is."""
    said = []
    if any(primary_metric in record.own_scores for record in trials):
        said.append(
            _(
                "The order is by {metric} with the thresholds of each model, chosen on other "
                "pictures; the scores shown are those with a threshold of 0.5."
            ).format(metric=metric(primary_metric))
        )
    evidence = {record.evidence for record in trials if record.evaluations}
    is_adjusted = any(primary_metric in each.comparable_scores for each in trials)
    if is_adjusted and any(each and each.num_out_of_fold for each in evidence):
        said.append(
            _(
                "The scores are those of the validation pictures. The order rests on the training "
                "pictures, too, as far as models that had not seen them have answered for them: "
                "among good models few pictures choose by chance."
            )
        )
    elif is_adjusted and len(evidence) > 1:
        said.append(
            _(
                "Some trials are scored on the validation pictures alone, others on more pictures: "
                "the order makes up for that, so a high score on few pictures counts for less."
            )
        )
    return " ".join(said)


def not_beaten(
    constant: "ConstantAnswer | None", class_names: "Sequence[str]", primary_metric: str
) -> str:
    """`No model beats always answering cat (0.52 of 96 pictures).`; empty if one does."""
    if constant is None or constant.is_beaten:
        return ""
    if primary_metric == "accuracy":
        basis = _("{score} of {pictures}")
    else:
        basis = _("{score} {metric} on {pictures}")
    if constant.is_reached:
        sentence = _("No model beats always answering {answer} ({basis}).")
    else:
        sentence = _(
            "No model beats always answering {answer} ({basis}) by more than chance explains: "
            "the best one has {model_score}."
        )
    index = constant.class_index
    return sentence.format(
        answer=_("the frequency of each label") if index is None else class_names[index],
        basis=basis.format(
            score=score(constant.score),
            metric=metric(primary_metric),
            pictures=count(constant.num_pictures, "picture"),
        ),
        model_score=score(constant.model_score),
    )


def unlike(rate: float, caught: float | None) -> str:
    """Say how many pictures are marked as unlike the training pictures.

    Args:
        rate: share of pictures like them.
        caught: share of pictures of a class that is missing among them; None if it is not known.
    """
    if caught is None:
        sentence = _(
            "Of pictures like the training pictures {share} are marked as unlike them. How many of "
            "a class that is missing there are marked is not known; few, if it looks like the "
            "others."
        )
        return sentence.format(share=percent(rate))
    sentence = _(
        "Of pictures like the training pictures {share} are marked as unlike them, and about "
        "{other_share} of those of a class that is missing there, by leaving out each class in "
        "turn."
    )
    return sentence.format(share=percent(rate), other_share=percent(caught, 0))


def kind(name: str) -> str:
    """Kind of a finding as words: `Near duplicates` for `near_duplicates`."""
    return _(heading(name))


def heading(name: str) -> str:
    """A name of the code as an English heading."""
    return name.replace("_", " ").capitalize()


def state_icon(state: "ExperimentState | TrialState | str") -> str:
    """Return the Material icon of a state, or of what `state` calls it."""
    return _LOOK[state][1]


def state_color(state: "ExperimentState | TrialState | str") -> Color:
    """Return the colour of a state, or of what `state` calls it."""
    return _LOOK[state][0]
