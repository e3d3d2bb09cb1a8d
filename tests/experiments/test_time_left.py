"""The time left of a search, on small records and on recorded runs."""

from datetime import timedelta

import pytest

from automl.experiments import time_left
from automl.experiments.records import Evaluation, ExperimentRecord, TrialState
from automl.figures import wording
from benchmarks import time_left as replayed
from tests.conftest import START, build_trial

NETWORK = {"model_name": "resnet18", "number_of_epochs": 10}
RUNS = {run.record.experiment_id: run for run in replayed.runs()}


def at(seconds):
    return START + timedelta(seconds=seconds)


def experiment(**fields):
    given = {"state": "running", "num_trials": 2, "created_at": START, "started_at": START}
    return ExperimentRecord(experiment_id="pets", **{**given, **fields})


def evaluated(epoch, seconds, finished):
    return Evaluation(
        epoch=epoch,
        metrics={},
        train_loss=0,
        valid_loss=0,
        learning_rate=0.1,
        train_seconds=seconds - 1,
        evaluation_seconds=1,
        images_per_second=1,
        finished_at=at(finished),
    )


def training(*finished, **fields):
    """A trial that started after 10 s; evaluations at these seconds."""
    moments = [10, *finished]
    epochs = [
        evaluated(epoch, end - begin, end)
        for epoch, (begin, end) in enumerate(zip(moments, finished, strict=False), start=1)
    ]
    given = {"state": "running", "started_at": at(10), "ended_at": None, **fields}
    trial = build_trial("t0", hyperparameters=NETWORK, **given)
    return trial.model_copy(update={"evaluations": epochs})


def waiting(number=1, **values):
    given = {"state": "pending", "started_at": None, "ended_at": None, "number": number}
    return build_trial(f"t{number}", hyperparameters={**NETWORK, **values}, **given)


def test_nothing_is_said_before_the_first_epoch_but_what_the_limit_allows():
    left = time_left.estimate(experiment(deadline=at(300)), [training(), waiting()], at(60))
    assert left.whole is None
    assert wording.time_left(left) == "learning how fast this machine is; at most 4 min left"


def test_the_epochs_left_take_what_the_last_ones_took():
    left = time_left.estimate(experiment(), [training(20, 30, 40), waiting()], at(40))
    assert left.by_trial["t0"].likely == pytest.approx(70)
    assert left.by_trial["t1"].likely == pytest.approx(100, abs=5)
    assert left.whole is not None
    assert left.whole.low < 180 < left.whole.high


def test_an_epoch_that_does_not_end_makes_the_rest_longer():
    usual, late = (
        time_left.estimate(experiment(), [training(20, 30, 40)], at(seconds)).by_trial["t0"]
        for seconds in (45, 340)
    )
    assert usual.high < 100
    assert late.low == 0
    assert late.likely > 1000


def test_trials_side_by_side_share_the_time():
    trials = [training(20, 30), *(waiting(number) for number in range(1, 4))]
    one, two = (
        time_left.estimate(experiment(max_concurrent_trials=places, num_trials=4), trials, at(30))
        for places in (1, 2)
    )
    assert one.whole is not None
    assert two.whole is not None
    assert two.whole.likely < 0.7 * one.whole.likely


def test_the_limit_caps_the_search_and_the_export_follows():
    record = experiment(deadline=at(60))
    left = time_left.estimate(record, [training(20, 30, 40), waiting()], at(40))
    assert left.whole is not None
    assert 20 <= left.whole.low <= left.whole.high <= 20 + 2.5 * 10


def test_automode_fills_its_limit_with_trials_and_ends_within_it():
    record = experiment(deadline=at(300), num_trials=1000, plan=["In 5 min: …"])
    left = time_left.estimate(record, [training(20, 30, 40), waiting()], at(40))
    assert left.whole is not None
    assert left.whole.low < 200
    assert left.whole.likely == left.whole.high == 260
    ended = training(20, 30).model_copy(update={"state": TrialState.COMPLETED, "ended_at": at(30)})
    for seconds in (40, 290):  # between two trials, and while the best one is exported
        whole = time_left.estimate(record, [ended], at(seconds)).whole
        assert whole is not None
        assert whole.low < whole.high == 300 - seconds


def test_automode_without_further_trials_ends_with_those_it_has():
    record = experiment(deadline=at(30_000), num_trials=2, plan=["In 8 h: …"])
    left = time_left.estimate(record, [training(20, 30, 40), waiting()], at(40))
    assert left.whole is not None
    assert left.whole.high < 400


def test_an_export_that_does_not_end_may_take_as_long_again():
    ended = training(20, 30).model_copy(update={"state": TrialState.COMPLETED, "ended_at": at(30)})
    record, highs = experiment(deadline=at(60), num_trials=1), []
    for seconds in (40, 400, 800):
        whole = time_left.estimate(record, [ended], at(seconds)).whole
        assert whole is not None
        highs.append(whole.high)
    assert highs[0] <= 2.5 * 10 < highs[1] < highs[2] < 800


def test_a_network_that_was_not_trained_is_compared_by_its_work():
    trials = [training(20, 30), waiting(model_name="resnet50"), waiting(2)]
    left = time_left.estimate(experiment(), trials, at(30)).by_trial
    assert left["t1"].likely > left["t2"].likely
    assert left["t1"].high / left["t1"].likely > left["t2"].high / left["t2"].likely


def test_baselines_do_not_speed_the_estimate_up():
    quick = build_trial("b", [0.9], hyperparameters={**NETWORK, "method": "linear_probe"})
    alone = time_left.estimate(experiment(num_trials=1), [training(20, 30)], at(30))
    beside = time_left.estimate(experiment(), [training(20, 30), quick], at(30))
    assert beside.by_trial == alone.by_trial
    assert beside.whole is not None
    assert beside.whole.likely >= 80


def test_it_says_why_the_end_is_later():
    quick = training(20, 30, 40, 50, 60)
    assert time_left.why_later(experiment(), [quick, waiting()], at(60)) == ""
    slow = training(20, 30, 40, 90, 150)
    said = time_left.why_later(experiment(), [slow, waiting()], at(150))
    assert said.startswith("Later than expected: an epoch of #0 resnet18 takes")
    assert time_left.as_of(experiment(), [slow], at(30))[0].state is TrialState.RUNNING
    steady = training(20, 30, 40, 50, 60, 70, 80)
    proposed = waiting().model_copy(update={"proposal": NETWORK})
    said = time_left.why_later(experiment(num_trials=1), [steady, proposed], at(80))
    assert said == "Later than expected: 1 more trial is known now."
    known = experiment(num_trials=2, num_first_trials=2)  # a recipe of AutoMode
    assert time_left.why_later(known, [steady, proposed], at(80)) == ""


def test_in_recorded_runs_the_true_end_lies_in_the_range_four_times_of_five():
    answers = [
        replayed.is_right(each) for run in RUNS.values() for each in replayed.replay(run, 20)
    ]
    said = [answer for answer in answers if answer is not None]
    assert len(said) > len(answers) / 2
    assert sum(said) >= 0.8 * len(said)


@pytest.mark.parametrize("name", sorted(RUNS))
def test_in_recorded_runs_it_is_not_later_without_a_reason(name):
    moments = replayed.replay(RUNS[name], 50)
    whole = moments[0].left / (1 - moments[0].share)
    step = max(time_left.LOOK_BACK_SECONDS, whole / 10)
    known = [moment for moment in moments if moment.said.whole is not None]
    for late in known:
        early = next((one for one in known if one.left - late.left >= step), None)
        if early is None or late.why_later:
            continue
        assert (
            late.said.whole.likely + (early.left - late.left) < 1.5 * early.said.whole.likely + 30
        )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 4, "less than 10 s"),
        (42, 61, "40 to 60 s"),
        (0, 30, "up to 30 s"),
        (100, 250, "2 to 4 min"),
        (170, 190, "about 3 min"),
        (3600, 9000, "1 to 2.5 h"),
    ],
)
def test_a_range_is_written_in_one_unit(low, high, text):
    assert wording.span(low, high) == text
