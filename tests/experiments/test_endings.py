"""How much of a search was tried, and that one that ended at its limit can go on."""

import pytest

from automl.errors import UserError
from automl.experiments import endings, launcher, store
from automl.experiments.records import ExperimentRecord, Member, now
from automl.figures import wording
from tests.conftest import build_trial

REACHED = f"{endings.TIME_LIMIT} 5 min was reached."
UNSTARTED = {"state": "stopped", "was_cut_short": True, "started_at": None}


def record(**fields):
    given = {"state": "completed", "message": REACHED, "num_trials": 4, **fields}
    return ExperimentRecord(experiment_id="pets", created_at=now(), **given)


def trials(*, cut=1, unstarted=1):
    whole = [build_trial("t0", [0.9]), build_trial("t1", [0.8], number=1)]
    whole += [build_trial(f"c{n}", [0.7], state="stopped", was_cut_short=True) for n in range(cut)]
    return whole + [build_trial(f"u{n}", **UNSTARTED) for n in range(unstarted)]


def outcome(given, tried):
    return wording.outcome(given.state, endings.extent(given, tried))


def test_ended_at_the_limit_is_not_completed():
    assert outcome(record(), trials()) == "ended at its limit: 3 of 4 tried, 1 not started"
    all_begun = outcome(record(num_trials=3), trials(unstarted=0))
    assert all_begun == "ended at its limit: 3 of 3 tried, 1 cut short"


def test_a_trial_that_never_started_has_not_ended():
    assert endings.num_ended(trials()) == 3


def test_trials_that_a_slow_machine_left_out_were_not_started():
    left_out = build_trial("u", **UNSTARTED, reason=endings.LEFT_OUT.format(time="8 min"))
    tried = [*trials(cut=0, unstarted=0), left_out]
    by_the_clock = record(message="", num_trials=8, plan=["In 5 min: a probe."])
    assert outcome(by_the_clock, tried) == "ended at its limit: 2 of 3 tried, 1 not started"


def test_a_training_that_lags_behind_is_not_what_more_time_would_try():
    lagging = build_trial("u", **UNSTARTED, reason=endings.LAGGING)
    tried = [*trials(cut=0, unstarted=0), lagging]
    by_the_clock = record(num_trials=8, plan=["In 5 min: a probe."])
    assert outcome(by_the_clock, tried) == "completed"
    assert not endings.ended_at_limit(by_the_clock, tried)
    assert endings.missed([*trials(cut=0), lagging]) == trials(cut=0)[-1:]


def test_trials_that_were_never_drawn_were_not_started_either():
    given = record(num_trials=8)
    assert outcome(given, trials(cut=0, unstarted=0)) == (
        "ended at its limit: 2 of 8 tried, 6 not started"
    )
    by_the_clock = record(num_trials=8, plan=["In 5 min: a probe."])
    assert outcome(by_the_clock, trials(cut=0, unstarted=0)) == "completed"


def test_a_whole_search_a_stopped_one_and_the_exit_score():
    whole = [*trials(cut=0, unstarted=0), build_trial("e", members=[MEMBER], hyperparameters={})]
    assert outcome(record(message="", num_trials=2), whole) == "completed"
    stopped = record(state="stopped", message="Stopped by the user.")
    assert outcome(stopped, trials(cut=0)) == "stopped: 2 of 4 tried, 2 not started"
    reached = record(message="The exit score was reached: accuracy 0.9 of 0.9.")
    assert not endings.ended_at_limit(reached, trials())


MEMBER = Member(trial_id="t0", title="resnet18", weight=1.0)


def test_only_what_ended_at_its_limit_can_go_on_after_it_is_completed(make_experiment, monkeypatch):
    monkeypatch.setattr(launcher.detached, "start", lambda *_, **__: None)
    directory = make_experiment("pets", trials(), message=REACHED)
    launcher.resume(directory, 15)
    assert store.load_experiment(directory).more_minutes == 15
    whole = make_experiment("done", trials(cut=0, unstarted=0))
    with pytest.raises(UserError, match="nothing left to run"):
        launcher.resume(whole)
