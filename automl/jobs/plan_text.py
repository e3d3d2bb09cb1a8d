"""The plan of AutoMode in sentences; pages say them in their language, the engine keeps English."""

from collections.abc import Iterable, Sequence
from typing import Any

from automl.jobs import fold_needs
from automl.jobs.hyperparameters import Hyperparameters, has_stages, is_mirrored, networks_of
from automl.jobs.schedule import Clock, TimedTrial, Values
from automl.jobs.tasks import TASKS
from automl.texts import BETWEEN_PARTS, _, integer, mark, ngettext

_WITHOUT_LIMIT_SECONDS = 24 * 3600
"""Time limit from which a plan does not mention it."""

_DEFAULT_SIZE = Hyperparameters().training_crop_size

_NAMES = {
    "linear_probe": mark("a probe of {model}"),
    "concatenated_probe": mark("a probe of {model} together"),
    "prototypes": mark("the class means of {model}"),
    "k_nearest_neighbours": mark("the nearest neighbours by {model}"),
}

_FLOORS = {
    "majority class": mark("the majority class"),
    "label frequencies": mark("the label frequencies"),
}
"""By the name of the task's floor."""


WITHOUT_WEIGHTS = mark(
    "There are no pretrained weights here, so networks are trained from scratch, which takes many "
    "pictures and much time. Add weights: automl weights says which."
)
"""Sentence about a plan that can use none."""


NO_TRAINING = mark("There is no time for training: only baselines are fitted. Raise the limit.")
"""Sentence about a plan without one."""


def unmeasured(limit_seconds: float) -> str:
    """Plan on a machine that was never measured."""
    return _(
        "The first seconds of the run measure the speed of this machine; then it plans what fits "
        "into {time}."
    ).format(time=about(limit_seconds))


def about(seconds: float) -> str:
    """`40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def clock_time(seconds: float) -> str:
    """Time since the start: `4:10`, `1:04:10`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def plan(
    timed: Sequence[TimedTrial],
    clock: Clock,
    limit_seconds: float,
    left_out: Sequence[Values] = (),
) -> list[str]:
    """Sentences about the trials that are planned: all of them, and what there is no time for.

    Args:
        timed: first trials, in order.
        clock: the time left for trials when the first of them starts.
        limit_seconds: time limit of the whole experiment.
        left_out: first trials for which there is no time.
    """
    has_limit = limit_seconds < _WITHOUT_LIMIT_SECONDS
    parts = [
        _("{trial} (about {time})").format(trial=named(one.values, clock), time=about(one.seconds))
        for one in timed
    ]
    again = max((one.refit_seconds for one in timed), default=0.0)
    rest = clock.seconds - max((one.ends_at for one in timed), default=0.0) - again
    tuned = [one for one in timed if _trains(one, clock)]
    if not has_limit:
        parts.append(_("then a search around them until no trials are left"))
    elif tuned and rest > min(one.seconds for one in tuned) / 2:
        parts.append(_("then a search around them in the {time} left").format(time=about(rest)))
    if again:
        parts.append(
            _("then the best is fitted again on all {count} pictures (about {time})").format(
                count=integer(clock.costs.num_pictures), time=about(again)
            )
        )
    sentences = [
        _head(has_limit=has_limit, has_size=bool(timed)).format(
            time=about(limit_seconds),
            size=_sizes(timed, clock),
            parts=BETWEEN_PARTS.join(parts),
        )
    ]
    sentences += _on_folds(timed, clock) if has_limit else []
    if left_out:
        trials = BETWEEN_PARTS.join(kinds(left_out, clock))
        sentences.append(_("Left out for lack of time: {trials}.").format(trials=trials))
    sentences += _on_weights([*(one.values for one in timed), *left_out], clock)
    if not tuned:
        sentences.append(_(NO_TRAINING))
    elif clock.most_for_refit and not again:
        sentences.append(_("There is no time to fit the best one again on all pictures."))
    if timed and timed[-1].ends_at > clock.seconds:
        sentences.append(
            _("Even {trial} may not end in time. Raise the limit, or give fewer pictures.").format(
                trial=named(timed[-1].values, clock)
            )
        )
    return sentences


def _on_folds(timed: Sequence[TimedTrial], clock: Clock) -> list[str]:
    """A sentence about the time that is kept for further folds, if there are any."""
    number, seconds = fold_needs.likely(timed, clock)
    if not number:
        return []
    said = ngettext(
        "While few pictures tell how good the best training is, time is kept to train it again "
        "without other pictures: once (about {time}), before any further training.",
        "While few pictures tell how good the best training is, time is kept to train it again "
        "without other pictures: up to {count} times (about {time}), before any further training.",
        number,
    )
    return [said.format(count=number, time=about(seconds))]


def _trains(trial: TimedTrial, clock: Clock) -> bool:
    return clock.cost(trial.values).num_epochs > 0


def _head(*, has_limit: bool, has_size: bool) -> str:
    if has_limit and has_size:
        return _("In {time} on this machine at {size}: {parts}.")
    if has_limit:
        return _("In {time} on this machine: {parts}.")
    return _("Planned at {size}: {parts}.") if has_size else _("Planned: {parts}.")


def _sizes(timed: Sequence[TimedTrial], clock: Clock) -> str:
    """`224 px`, `224 px (training at 128 px)`."""

    def sizes(*, is_training: bool) -> str:
        found = {
            int(_value(one.values, clock, "training_crop_size", _DEFAULT_SIZE))
            for one in timed
            if _trains(one, clock) == is_training
        }
        return ", ".join(f"{size} px" for size in sorted(found))

    frozen, trained = sizes(is_training=False), sizes(is_training=True)
    if frozen and trained and frozen != trained:
        return _("{size} (training at {trained})").format(size=frozen, trained=trained)
    return frozen or trained


def kinds(trials: Iterable[Values], clock: Clock) -> list[str]:
    """Names of trials without their numbers of epochs, see `named`."""
    return [named(values, clock, with_epochs=False) for values in trials]


def named(values: Values, clock: Clock, *, with_epochs: bool = True) -> str:
    """`fine-tuning of resnet18 for 5 epochs`, `the majority class`."""
    model = _together(networks_of({**values, **clock.fixed}))
    method = _value(values, clock, "method", "fine_tuning")
    if method == "fine_tuning":
        epochs = clock.cost(values).num_epochs
        is_tuned = _value(values, clock, "head_init") == "linear_probe"
        kind = _("fine-tuning of {model}") if is_tuned else _("training of {model}")
        if with_epochs:
            several = _("{training} for {count} epochs")
            trained = _("{training} for 1 epoch") if epochs == 1 else several
            kind = trained.format(training=kind, count=epochs)
        return kind.format(model=model)
    if method == "majority_class":
        return _(_FLOORS[TASKS[clock.task].floor])
    named = _(_NAMES[method]).format(model=model)
    merged = {**values, **clock.fixed}
    if has_stages(merged):
        named = _("{trial} with all stages").format(trial=named)
    if is_mirrored(merged):
        named = _("{trial} with mirror images").format(trial=named)
    return named


def revised(seconds: float, factor: float) -> str:
    """Sentence about a measured speed that the trials do not have.

    Args:
        seconds: time since the start of the experiment.
        factor: how many times as long a trial takes as was measured.
    """
    slower = mark("Revised at {time}: the machine is {factor} times slower than measured.")
    faster = mark("Revised at {time}: the machine is {factor} times faster than measured.")
    template = slower if factor > 1 else faster
    return template.format(time=clock_time(seconds), factor=f"{max(factor, 1 / factor):.1f}")


def changed(seconds: float, trial: str, *, before: int, after: int) -> str:
    """Sentence about a trial that gets another number of epochs than planned."""
    return mark("Revised at {time}: {trial} trains {after} epochs instead of {before}.").format(
        time=clock_time(seconds), trial=trial, after=after, before=before
    )


def other_networks(seconds: float, names: Sequence[str]) -> str:
    """Sentence about a probe of several networks that takes others than planned."""
    return mark(
        "Revised at {time}: a probe takes the features of {names}, whose own probes are the best."
    ).format(time=clock_time(seconds), names=_together(names))


def other_probe(seconds: float, look: str, title: str) -> str:
    """Sentence about one of `LOOKS` that is tried with another probe than planned."""
    mirrored = mark(
        "Revised at {time}: mirror images are tried with {title}, the best probe so far for which "
        "they fit into the time."
    )
    staged = mark(
        "Revised at {time}: features of all stages are tried with {title}, the best probe so far "
        "for which they fit into the time."
    )
    said = mirrored if look == "mirrored_features" else staged
    return said.format(time=clock_time(seconds), title=title)


LEFT_OUT_BEFORE = mark(
    "Revised at {time}: {trial} is left out, since it would take about {needed}."
)
"""The sentence of `left_out` in records of earlier versions."""


def left_out(seconds: float, trial: str, needed: float, left: float) -> str:
    """Sentence about a trial that does not fit any more.

    Args:
        seconds: since the start.
        trial: its name.
        needed: seconds it would take.
        left: seconds for trials, without those that the end of the search takes.
    """
    if left <= 0:
        return mark(
            "Revised at {time}: {trial} is left out, since the rest of the time is kept for the "
            "end of the search."
        ).format(time=clock_time(seconds), trial=trial)
    return mark(
        "Revised at {time}: {trial} is left out, since it would take about {needed} and {left} are "
        "left for trials."
    ).format(time=clock_time(seconds), trial=trial, needed=about(needed), left=about(left))


def lagging(seconds: float, trial: str) -> str:
    """Sentence about a training from scratch that is left out after another one."""
    return mark(
        "Revised at {time}: {trial} is left out, since training from scratch is far behind the "
        "best trial on these pictures."
    ).format(time=clock_time(seconds), trial=trial)


def regained(seconds: float, trial: str, needed: float) -> str:
    """Sentence about a trial that was left out of the plan and fits after all."""
    return mark(
        "Revised at {time}: there is time for {trial} after all, which takes about {needed}."
    ).format(time=clock_time(seconds), trial=trial, needed=about(needed))


def filled(seconds: float, values: Values, clock: Clock, *, lags: bool) -> str:
    """Sentence about a probe that was not planned, in place of a training that is too long or,
    from scratch as another one before, lags."""
    too_long = mark("Revised at {time}: {trial} fills time that is too short for a training.")
    lagging = mark(
        "Revised at {time}: {trial} comes before another training from scratch, for the last one "
        "is far behind the best trial."
    )
    said = lagging if lags else too_long
    return said.format(time=clock_time(seconds), trial=named(values, clock))


def no_gain(gain: float, left_seconds: float, standard_error: float) -> str:
    """Clause about further trials that would hardly be better than the best one.

    Args:
        gain: expected improvement of the best score.
        left_seconds: time in which they would run.
        standard_error: of the best score.
    """
    known = mark(
        "further trials are unlikely to gain: expected {gain} in the {time} left, and the best "
        "score is known to ± {error}."
    )
    exact = mark("further trials are unlikely to gain: expected {gain} in the {time} left.")
    return (known if standard_error else exact).format(
        gain=f"{gain:+.3f}", time=about(left_seconds), error=f"{1.96 * standard_error:.3f}"
    )


def _on_weights(trials: Sequence[Values], clock: Clock) -> list[str]:
    """A sentence if trainings are planned and none of the trials can use pretrained weights."""
    if "pretrained" in clock.fixed or "method" in clock.fixed:  # as the job wants it
        return []
    methods = {values.get("method", "fine_tuning") for values in trials}
    starts = {values.get("head_init") for values in trials}
    lacks = methods == {"majority_class", "fine_tuning"} and "linear_probe" not in starts
    return [_(WITHOUT_WEIGHTS)] if lacks else []


def _together(names: Sequence[str]) -> str:
    """`a`, `a + b`."""
    return " + ".join(names)


def _value(values: Values, clock: Clock, name: str, default: Any = None) -> Any:
    return clock.fixed.get(name, values.get(name, default))
