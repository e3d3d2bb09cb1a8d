"""Plans by the clock, with made-up speeds."""

from dataclasses import replace
from typing import Any

import pytest

from automl.evaluation.metrics import MULTILABEL
from automl.jobs import automode, fold_needs, plan_text, schedule
from automl.jobs.automode import Situation
from automl.jobs.schedule import Clock, TimedTrial
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.jobs.trial_cost import Costs, Counts, features_of

WEIGHTS = ("mobilenetv1_100", "mobilenetv2")
USUAL = NetworkSpeed(side=224, forward_seconds=0.01, step_seconds=0.04, batch_seconds=0.0)
DAYS = 7 * 24 * 3600.0


def speeds(slowdown: float = 1.0) -> Speeds:
    names = (*WEIGHTS, "resnet10t", "resnet18", "resnet14t")
    return Speeds(networks={name: USUAL.times(slowdown) for name in names})


def clock(
    seconds: float,
    *,
    pictures: int = 2000,
    classes: int = 6,
    slowdown: float = 1.0,
    **keys: Any,
) -> Clock:
    counts = Counts.guess(pictures, classes, 0.2)
    return Clock(Costs(speeds(slowdown), counts), seconds, **keys)


def situation(weights: tuple[str, ...] = WEIGHTS, **keys: Any) -> Situation:
    given: dict[str, Any] = {"budget_class": "cpu", "median_side": 300, **keys}
    return Situation(has_weights=weights.__contains__, **given)


def planned(given: Situation, time: Clock) -> list[TimedTrial]:
    opening = automode.plan(automode.sized(given, time, 50), 50).opening
    return schedule.walk([recipe.values for recipe in opening], time)


def sizes(trials: list[TimedTrial]) -> set[int]:
    return {trial.values["training_crop_size"] for trial in trials}


def by_kind(trials: list[TimedTrial]) -> tuple[list[TimedTrial], list[TimedTrial]]:
    """Models on frozen features, and trainings."""
    frozen = [trial for trial in trials if "method" in trial.values]
    return frozen, [trial for trial in trials if trial not in frozen]


def epochs(trials: list[TimedTrial]) -> list[int]:
    return [trial.values.get("number_of_epochs", 0) for trial in trials]


SITUATIONS = {
    "usual": (situation(), {}),
    "no weights": (situation(()), {}),
    "1,000 classes": (situation(), {"pictures": 20_000, "classes": 1000}),
    "two pictures a class": (situation(), {"pictures": 20, "classes": 10}),
    "100,000 pictures": (situation(), {"pictures": 100_000}),
    "tiny pictures": (situation(median_side=28), {"pictures": 5000, "classes": 10}),
    "gpu": (situation(("mobilenetv1_100",), budget_class="gpu"), {"slowdown": 0.01}),
    "slow machine": (situation(), {"slowdown": 10.0}),
}


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("seconds", [20.0, 45.0, 150.0, 800.0, 3500.0, DAYS])
@pytest.mark.parametrize("num_at_a_time", [1, 3])
def test_what_starts_ends_in_time_except_a_first_probe_for_which_there_is_none(
    name: str, seconds: float, num_at_a_time: int
) -> None:
    given, keys = SITUATIONS[name]
    time = clock(seconds, num_at_a_time=num_at_a_time, **keys)
    trials = planned(given, time)
    assert trials[0].values["method"] in ("linear_probe", "majority_class")
    indices = [trial.index for trial in trials]
    assert len(set(indices)) == len(indices)
    late = [trial for trial in trials if trial.ends_at > seconds]
    networks = [trial for trial in trials if trial.values.get("method") != "majority_class"]
    assert late in ([], networks[:1])
    if given.median_side > 48:
        assert all(len(sizes(each)) <= 1 for each in by_kind(trials))
    running = [
        sum(one.starts_at <= trial.starts_at < one.ends_at for one in trials) for trial in trials
    ]
    assert max(running) <= num_at_a_time
    assert plan_text.plan(trials, time, seconds)


def test_the_majority_class_goes_before_a_first_probe_that_may_not_end() -> None:
    trials = planned(situation(), clock(30.0, pictures=3000, classes=1000, slowdown=5.0))
    assert [trial.values["method"] for trial in trials] == ["majority_class", "linear_probe"]
    assert trials[0].ends_at < 30 < trials[1].ends_at


def test_81_classes_in_15_minutes_of_a_slow_machine_are_trained() -> None:
    """A plan without speeds gave six of the minutes to the second probe, and trained nothing."""
    seconds = 900 - schedule.kept_back(900, 2640)
    trials = planned(situation(), clock(seconds, pictures=2640, classes=81, slowdown=5.0))
    tuned = [trial for trial in trials if trial.values.get("number_of_epochs")]
    assert tuned
    assert tuned[0].starts_at < 400
    assert tuned[-1].ends_at <= seconds
    assert all(trial.seconds < 240 for trial in trials if trial not in tuned)


def test_without_a_limit_every_recipe_runs_with_all_its_epochs_at_224_px() -> None:
    trials = planned(situation(), clock(DAYS, pictures=100_000))
    assert sizes(trials) == {224}
    assert epochs(trials) == [0, 0, 0, 0, 0, 0, 6, 0, 6]


@pytest.mark.parametrize(("seconds", "side"), [(60.0, 96), (110.0, 128), (DAYS, 160)])
def test_small_pictures_are_enlarged_as_far_as_the_time_allows(seconds: float, side: int) -> None:
    trials = planned(situation(median_side=32), clock(seconds, pictures=10_000))
    frozen, trained = by_kind(trials)
    assert sizes(frozen) == {side}
    assert sizes(trained) <= {32, side}
    assert all((one.values["pretrained"] == "never") is (sizes([one]) == {32}) for one in trained)


def test_in_one_minute_on_a_usual_machine_only_baselines_run() -> None:
    time = clock(45.0)
    trials = planned(situation(), time)
    assert set(epochs(trials)) == {0}
    assert "There is no time for training" in " ".join(plan_text.plan(trials, time, 60))


def test_in_one_minute_two_pictures_a_class_get_class_means_and_a_training_that_ends() -> None:
    seconds = 52 - schedule.kept_back(60, 20)
    trials = planned(situation(pictures_per_class=2), clock(seconds, pictures=20, classes=10))
    methods = [one.values.get("method", "fine_tuning") for one in trials]
    assert methods[:3] == ["linear_probe", "majority_class", "prototypes"]
    assert "fine_tuning" in methods
    assert trials[-1].ends_at <= seconds


def test_time_that_is_too_short_for_training_is_for_more_baselines() -> None:
    time = clock(270.0, pictures=3781, classes=10, slowdown=2.8)
    trials = planned(situation(), time)
    assert set(epochs(trials)) == {0}
    assert [
        one.values["model_name"] for one in trials if one.values["method"] == "linear_probe"
    ] == [
        "mobilenetv1_100",
        "mobilenetv2",
        "mobilenetv1_100",  # with mirror images
    ]
    assert trials[-1].ends_at > 0.7 * 270.0


def test_training_gets_smaller_pictures_before_frozen_features_do() -> None:
    def chosen(seconds: float) -> tuple[set[int], set[int]]:
        frozen, trained = by_kind(planned(situation(), clock(seconds)))
        return sizes(frozen), sizes(trained)

    assert [chosen(seconds) for seconds in (800.0, 300.0, 170.0, 50.0)] == [
        ({224}, {224}),
        ({224}, {160}),
        ({224}, {96}),
        ({192}, set()),
    ]
    frozen, trained = by_kind(planned(situation(), clock(800.0, pictures=2640, slowdown=5.0)))
    assert max(sizes(trained)) < max(sizes(frozen))


def test_training_at_a_smaller_size_waits_for_all_frozen_features_if_it_fits_behind_them() -> None:
    def order(seconds: float) -> str:
        trials = planned(situation(WEIGHTS), clock(seconds))
        return "".join(
            "M"
            if trial.values.get("mirrored_features")
            else "S"
            if trial.values.get("stage_features")
            else "T"
            if epochs([trial])[0]
            else ""
            for trial in trials
        )

    assert [order(seconds) for seconds in (800.0, 280.0)] == ["STMT", "SMT"]
    said = plan_text.plan(planned(situation(), clock(280.0)), clock(280.0), 320)
    assert said[0].startswith("In 5 min on this machine at 224 px (training at 160 px): a probe of")


def test_a_probe_that_would_take_much_of_the_time_is_left_out() -> None:
    time = clock(800.0)
    slow = {**time.costs.speeds.networks, "mobilenetv2": USUAL.times(30)}
    time = replace(time, costs=replace(time.costs, speeds=Speeds(networks=slow)))
    trials = planned(situation(), time)
    assert {trial.values["model_name"] for trial in trials} == {"mobilenetv1_100"}
    assert any(epochs(trials))


def test_epochs_end_with_the_time_and_fill_what_no_other_trial_could_use() -> None:
    tuning = automode.plan(situation(), 50).opening[6].values
    cost = clock(0).cost(tuning)

    def fitting(num_epochs: float) -> int | None:
        seconds = (cost.once + num_epochs * cost.epoch + 0.1) / 0.95
        trial = schedule.fitted(tuning, clock(seconds))
        return None if trial is None else trial.values["number_of_epochs"]

    assert [fitting(number) for number in (1.9, 2, 4.5, 6, 7, 8)] == [None, 2, 4, 6, 7, 8]
    assert fitting(9) == 6  # and another trial of two epochs
    assert schedule.fitted(tuning, clock(cost.once)) is None


def test_time_to_fit_a_training_again_costs_none_of_the_epochs_of_its_recipe() -> None:
    tuning = automode.plan(situation(), 50).opening[6].values
    cost, again = clock(0).cost(tuning), clock(0).costs.of_refit(tuning)
    assert again.epoch == pytest.approx(1 + 2000 * USUAL.step_seconds)

    def fitting(seconds: float, most: float = 1e6, kept: float = 0.0) -> tuple[int, bool]:
        time = clock(seconds / 0.95, most_for_refit=most, kept_for_refit=kept / 0.95)
        trial = schedule.fitted(tuning, time)
        assert trial is not None
        return epochs([trial])[0], trial.refit_seconds > 0

    both = cost.seconds + again.seconds + 0.1
    assert fitting(cost.seconds + 0.1) == (6, False)
    assert fitting(cost.seconds + cost.epoch + 0.1) == (7, False)
    assert fitting(both - 0.2) == (6, False)  # another training fits in the time left
    assert fitting(both) == (6, True)
    assert fitting(both, most=again.seconds - 1) == (6, False)
    assert fitting(cost.seconds + 0.1, kept=again.seconds) == (6, True)


def test_the_plan_says_that_the_best_is_fitted_again_and_keeps_time_for_it() -> None:
    time = clock(3500.0, most_for_refit=700.0)
    trials = planned(situation(), time)
    kept = max(trial.refit_seconds for trial in trials)
    assert 0 < kept <= 700
    assert max(trial.ends_at for trial in trials) + kept <= 3500
    first, *_ = plan_text.plan(trials, time, 3600)
    assert first.endswith(
        f"; then the best is fitted again on all 2,000 pictures (about {plan_text.about(kept)})."
    )
    short = clock(800.0, most_for_refit=160.0)
    said = plan_text.plan(planned(situation(), short), short, 900)
    assert "There is no time to fit the best one again on all pictures." in said


def test_the_plan_says_how_much_time_is_kept_for_further_folds() -> None:
    few = clock(3500.0, pictures=250)
    trials = planned(situation(), few)
    number, seconds = fold_needs.likely(trials, few)
    assert number == 5
    first = next(one for one in trials if epochs([one])[0])
    assert seconds == pytest.approx(5 * first.seconds, rel=0.3)
    said = f"up to 5 times (about {plan_text.about(seconds)}), before any further training."
    assert any(sentence.endswith(said) for sentence in plan_text.plan(trials, few, 3600))
    assert (
        fold_needs.likely(trials, replace(few, seconds=first.ends_at + 1.5 * seconds / 5))[0] == 1
    )
    many = clock(3500.0, pictures=2000)
    assert fold_needs.likely(planned(situation(), many), many) == (0, 0.0)
    given = replace(few.costs.counts, validation_is_given=True)
    apart = replace(few, costs=replace(few.costs, counts=given))
    assert fold_needs.likely(trials, apart) == (0, 0.0)


def test_epochs_that_the_job_fixes_stay_and_are_started_even_if_they_do_not_end() -> None:
    tuning = automode.plan(situation(), 50).opening[6].values
    fixed = {"number_of_epochs": 100}
    trial = schedule.fitted({**tuning, **fixed}, clock(300.0, fixed=fixed))
    assert trial is not None
    assert trial.values["number_of_epochs"] == 100
    assert trial.seconds > 300


def test_a_fine_tuned_row_is_there_within_three_minutes_up_to_2000_photos() -> None:
    """Two cores of a usual server: 10 ms to score a picture of 224 px, 40 ms to train on it."""
    time = clock(800.0)
    first = next(trial for trial in planned(situation(), time) if any(epochs([trial])))
    assert first.starts_at + time.cost(first.values).once + time.cost(first.values).epoch < 180


def test_time_is_kept_for_the_end() -> None:
    """An export takes as long after a short search as after a long one, and longer on a slow
    machine: 30 of 60 s were too few there, 90 of 900 s too many on a usual one."""
    kept = schedule.kept_back
    assert [kept(60 * minutes, 2000) for minutes in (1, 5, 15)] == [24, 34, 34]
    assert kept(900, 0) == kept(DAYS, 0) == 19
    assert kept(900, 2000, slowdown=8) == pytest.approx(136)
    assert kept(300, 2000, slowdown=8) == 120
    assert kept(900, 2000, slowdown=0.5) == 34
    # the pictures of a model on frozen features are not looked at again
    assert kept(900, 2000, slowdown=8, frozen_networks=2) == pytest.approx(88)
    assert [kept(900, 2000, frozen_networks=number) for number in (1, 2, 3)] == [16, 22, 28]


def test_what_is_kept_for_the_end_follows_what_ends_have_taken_here() -> None:
    def kept(**ends: list[float]) -> list[float]:
        costs = clock(900).costs
        known = replace(costs, speeds=costs.speeds.model_copy(update={"ends": ends}))
        return [schedule.kept_of(900, known, frozen_networks=each) for each in (1, None)]

    frozen, trained = kept()
    assert frozen < trained
    assert kept(frozen=[0.4, 0.6, 0.5]) == [pytest.approx(0.75 * frozen), trained]
    assert kept(trained=[1.2]) == [frozen, pytest.approx(1.5 * trained)]
    assert kept(frozen=[0.4, 0.4]) == [frozen, trained]  # which may have been easy ones
    assert kept(frozen=[0.001] * 3, trained=[30.0]) == [
        pytest.approx(0.3 * frozen),
        pytest.approx(2 * trained),
    ]


def test_a_slow_machine_is_known_by_its_first_network() -> None:
    known = Speeds(networks={"mobilenetv2": USUAL})
    assert known.slowness == 1.0
    assert known.times({}, 4.0).slowness == pytest.approx(0.04 / (0.035 * 0.31))


@pytest.mark.parametrize("minutes", [15, 60])
def test_trials_have_most_of_a_limit_and_leave_what_its_end_takes(minutes: int) -> None:
    limit, start = 60.0 * minutes, 10
    kept = schedule.kept_back(limit, 500)
    time = clock(limit - start - kept, pictures=500)
    trials = planned(situation(), time)
    following = next(one.values for one in trials if epochs([one])[0])
    ends_at = max(one.ends_at for one in trials)
    while further := schedule.fitted(following, replace(time, seconds=time.seconds - ends_at)):
        ends_at += further.seconds  # the search around the recipes
    assert 0.85 * limit < ends_at <= limit - start - kept


def test_an_unmeasured_network_is_compared_by_its_multiply_adds_and_its_weights() -> None:
    known = Speeds(networks={"mobilenetv2": USUAL.model_copy(update={"batch_seconds": 0.1})})
    assert known.of("resnet18", 224).step_seconds == pytest.approx(0.04 * 1.82 / 0.31)
    assert known.of("resnet18", 96).batch_seconds == pytest.approx(0.1 * 11.7 / 3.5)
    assert known.of("mobilenetv2", 112).step_seconds == pytest.approx(0.04 * 0.5**1.4)
    assert known.of("mobilenetv2", 448).step_seconds == pytest.approx(0.16)


def test_the_plan_in_words() -> None:
    time = clock(800.0, pictures=1000)
    trials = planned(situation(), time)
    sentence, on_folds = plan_text.plan(trials, time, 900)
    assert sentence.startswith(
        "In 15 min on this machine at 224 px: a probe of mobilenetv1_100 (about 11 s); the "
        "majority class (about 3 s); "
    )
    assert "fine-tuning of mobilenetv1_100 for 6 epochs (about 4 min)" in sentence
    assert "without other pictures: once (about 4 min), before any further" in on_folds
    (of_sets, *_) = plan_text.plan(trials, replace(time, task=MULTILABEL), 900)
    assert "; the label frequencies (about" in of_sets
    late = clock(5.0, pictures=20_000)
    assert "may not end in time" in plan_text.plan(planned(situation(), late), late, 60)[-1]
    said = plan_text.left_out(184, "vit_tiny (trial-002)", needed=3, left=-20)
    assert said.endswith("left out, since the rest of the time is kept for the end of the search.")
    said = plan_text.left_out(184, "vit_tiny (trial-002)", needed=300, left=120)
    assert said.endswith("left out, since it would take about 5 min and 2 min are left for trials.")
    assert plan_text.revised(250, 1.8) == (
        "Revised at 4:10: the machine is 1.8 times slower than measured."
    )
    assert plan_text.revised(3850, 0.5).startswith("Revised at 1:04:10: the machine is 2.0 times f")


@pytest.mark.parametrize("seconds", [20.0, 250.0])
def test_without_weights_the_plan_is_small_and_short_and_says_why(seconds: float) -> None:
    time = clock(seconds)
    trials = planned(situation(()), time)
    assert [one.values.get("method") for one in trials] == ["majority_class", None]
    is_smallest = trials[1].values["training_crop_size"] == schedule.SIZES[-1]
    assert is_smallest is not (trials[1].ends_at <= seconds)
    assert 5 <= epochs(trials)[1] < 20
    said = plan_text.plan(trials, time, seconds)
    assert plan_text.WITHOUT_WEIGHTS in said
    with_weights = planned(situation(), time)
    assert plan_text.WITHOUT_WEIGHTS not in plan_text.plan(with_weights, time, seconds)


def test_features_of_many_pictures_come_from_a_converted_network() -> None:
    probe = {"method": "linear_probe", "model_name": "mobilenetv2", "training_crop_size": 224}
    few, many, more = (
        Costs(speeds(), Counts(pictures, 0, 10)).of(probe).seconds
        for pictures in (400, 10_000, 20_000)
    )
    direct = speeds().of("mobilenetv2", 224).forward_seconds
    assert few > 400 * direct
    assert many < 0.75 * 10_000 * direct
    assert more - many == pytest.approx(0.5 * 10_000 * direct)
    on_gpu = Costs(speeds(), Counts(10_000, 0, 10), on_gpu=True).of(probe).seconds
    assert on_gpu - few == pytest.approx(9_600 * direct, rel=0.05)  # and some fitting


def test_a_probe_with_all_stages_costs_a_larger_fit_and_no_pass_of_its_own() -> None:
    probe = {"method": "linear_probe", "model_name": "mobilenetv2", "training_crop_size": 224}
    staged = {**probe, "stage_features": True}
    of_each = 500 * speeds().of("mobilenetv2", 224).forward_seconds
    costs = Costs(speeds(), Counts(500, 0, 10, folds=10))
    alone, whole = (costs.of(values).seconds for values in (probe, staged))
    known = [costs.of(values, features_of(probe)).seconds for values in (probe, staged)]
    assert [alone - known[0], whole - known[1]] == pytest.approx([of_each, of_each])
    assert known[0] < known[1] < 2 * known[0]


def test_a_mirrored_probe_costs_the_features_of_the_mirror_images() -> None:
    probe = {"method": "linear_probe", "model_name": "mobilenetv2", "training_crop_size": 224}
    mirrored = {**probe, "mirrored_features": True}
    of_each = 500 * speeds().of("mobilenetv2", 224).forward_seconds
    costs = Costs(speeds(), Counts(500, 0, 10, folds=10))
    whole, rest, fit = (
        costs.of(mirrored, known).seconds
        for known in ((), features_of(probe), features_of(mirrored))
    )
    assert whole - rest == pytest.approx(rest - fit) == pytest.approx(of_each)
    given = Costs(speeds(), Counts(500, 300, 10))  # validation pictures cost no second look
    once, twice = (given.of(one, features_of(one)).seconds for one in (probe, mirrored))
    assert once < twice < 1.2 * once  # a fit to twice as many rows


def test_a_probe_costs_a_fit_for_every_fold() -> None:
    """1,000 pictures of 10 classes in 10 folds took 4 to 5 seconds."""
    probe = {"method": "linear_probe", "model_name": "mobilenetv2", "training_crop_size": 224}
    once, by_folds = (
        Costs(speeds(), Counts(1000, 0, 10, folds)).of(probe, features_of(probe)).seconds
        for folds in (0, 10)
    )
    assert 3 < by_folds - once < 6


def test_two_networks_side_by_side_cost_a_larger_fit_where_their_probes_came_before() -> None:
    first, second = (
        {"method": "linear_probe", "model_name": name, "training_crop_size": 224}
        for name in WEIGHTS
    )
    joined = {**first, "method": "concatenated_probe", "second_model_name": WEIGHTS[1]}
    time = clock(3600)
    alone, pair = (time.cost(one, features_of(one)).seconds for one in (first, joined))
    assert alone < pair < 3 * alone
    three = {**joined, "third_model_name": "efficientnet_lite0"}
    third = {**first, "model_name": "efficientnet_lite0"}
    whole, fit = (time.cost(third, known).seconds for known in ((), features_of(third)))
    assert time.cost(three, features_of(joined)).seconds == pytest.approx(pair + whole - fit)
    (trial,) = schedule.walk([three], time)
    named = "a probe of mobilenetv1_100 + mobilenetv2 + efficientnet_lite0 together"
    assert named in plan_text.plan([trial], time, 60)[0]
    early, late = (
        next(one for one in schedule.walk(trials, time) if one.values == joined)
        for trials in ([first, joined, second], [first, second, joined])
    )
    assert late.seconds == pair
    assert early.seconds > pair + whole - fit - 1  # the features of the second network
    said = plan_text.plan([late], time, 60)[0]
    assert "a probe of mobilenetv1_100 + mobilenetv2 together" in said
