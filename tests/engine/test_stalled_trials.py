from automl.engine.stalled_trials import FACTOR, LEAST_SECONDS, Silence


def usual() -> dict[str, list[float]]:
    return {"a": [100.0, 100.0, 900.0], "b": []}


def at_work(silence: Silence, until: float) -> dict[str, float]:
    """The engine listens all the time."""
    found: dict[str, float] = {}
    for second in range(0, int(until) + 1, 10):
        found = silence.overdue(usual, float(second))
    return found


def heard(*trial_ids: str) -> Silence:
    silence = Silence()
    for trial_id in trial_ids:
        silence.heard(trial_id, 0.0)
    return silence


def test_a_trial_is_silent_after_ten_times_its_usual_time() -> None:
    assert at_work(heard("a"), 100 * FACTOR) == {}
    assert at_work(heard("a"), 100 * FACTOR + 10) == {"a": 1010.0}


def test_a_trial_without_an_evaluation_is_measured_by_the_others() -> None:
    assert at_work(heard("b"), 100 * FACTOR) == {}
    assert at_work(heard("b"), 100 * FACTOR + 10) == {"b": 1010.0}


def test_before_any_evaluation_nothing_is_too_long() -> None:
    silence = heard("b")
    silence.overdue(dict, 0)
    assert not any(silence.overdue(dict, second) for second in range(0, 10**6, 20))


def test_quick_evaluations_leave_time_for_a_hiccup() -> None:
    silence = heard("a")
    found = {second: silence.overdue(lambda: {"a": [0.1]}, second) for second in range(0, 400, 20)}
    assert min(second for second, silent in found.items() if silent) == LEAST_SECONDS + 20


def test_time_in_which_the_engine_slept_does_not_count() -> None:
    silence = heard("a")
    assert at_work(silence, 500) == {}
    assert silence.overdue(usual, 50_000) == {}
    assert silence.overdue(usual, 50_000 + 490) == {}


def test_what_has_ended_or_reported_is_not_silent() -> None:
    silence = heard("a", "b")
    assert at_work(silence, 900) == {}
    silence.forget("b")
    silence.heard("a", 900)
    later = [silence.overdue(usual, second) for second in range(910, 1900, 10)]
    assert not any(later)
