import numpy as np
import pytest

from automl.engine.results import Results
from automl.evaluation.predictions import Predictions
from automl.experiments import expectation, leaderboard, store

LABELS = np.tile([0, 1], 100)


def save_answers(experiment_dir, trial_id, num_wrong, num=200):
    """Answers for some pictures, of which the last ones are wrong."""
    predicted = np.where(np.arange(num) >= num - num_wrong, 1 - LABELS[:num], LABELS[:num])
    probabilities = np.eye(2, dtype=np.float32)[predicted]
    answers = Predictions(np.arange(num), LABELS[:num], probabilities)
    store.save_predictions(store.predictions_path(experiment_dir, trial_id), answers)


def compare(experiment_dir):
    return expectation.compare(experiment_dir, store.load_trials(experiment_dir), "accuracy")


def of_best(experiment_dir):
    return compare(experiment_dir).expectation


@pytest.fixture
def experiment_dir(make_experiment, make_trial):
    trials = [make_trial("t0", [0.9], number=0), make_trial("t1", [0.8], number=1)]
    return make_experiment(trials=trials)


def test_the_best_of_two_trials_is_expected_to_do_nearly_as_well(experiment_dir):
    save_answers(experiment_dir, "t0", 20)
    save_answers(experiment_dir, "t1", 40)
    found = of_best(experiment_dir)
    assert found.expected_score == pytest.approx(0.9, abs=0.01)
    assert found.expected_low < 0.87 < 0.93 < found.expected_high
    assert found.expected_basis == (
        "Each of 200 pictures was predicted by a model that has not seen it; the choice among 2 "
        "trials is included."
    )


def test_a_trial_alone_was_not_chosen(experiment_dir):
    save_answers(experiment_dir, "t0", 20)
    assert "choice" not in of_best(experiment_dir).expected_basis


def test_more_pictures_make_no_constant_answer_better(make_experiment, make_trial):
    """A probe gains by the tenth of the pictures that its folds left out, the majority does not."""
    evidence = {"num_pictures": 200, "num_folds": 10}
    found = {}
    for method in ("linear_probe", "majority_class"):
        values = {"model_name": "resnet18", "method": method}
        trial = make_trial("t0", [0.5], evidence=evidence, hyperparameters=values)
        folder = make_experiment(method, trials=[trial])
        save_answers(folder, "t0", 100)
        found[method] = of_best(folder)
    assert found["majority_class"].expected_score == pytest.approx(0.5, abs=0.002)
    assert found["linear_probe"].expected_score > 0.508
    assert "learns from more pictures" in found["linear_probe"].expected_basis


def test_eight_pictures_are_said_to_be_too_few(experiment_dir):
    save_answers(experiment_dir, "t0", 1, num=8)
    found = of_best(experiment_dir)
    assert found.expected_score is None
    assert found.expected_basis.startswith("It was tried on 8 pictures only: too few")


def test_without_the_answers_of_the_best_nothing_is_expected(experiment_dir):
    assert of_best(experiment_dir) == expectation.Expectation()
    save_answers(experiment_dir, "t1", 40)
    assert of_best(experiment_dir) == expectation.Expectation()


def test_ten_of_ten_right_do_not_beat_nine_tenths_of_all_pictures(experiment_dir):
    save_answers(experiment_dir, "t0", 0, num=10)
    save_answers(experiment_dir, "t1", 20)
    found = compare(experiment_dir)
    assert found.comparable_scores == pytest.approx({"t0": 0.9, "t1": 0.9})


def test_scores_on_the_same_pictures_are_comparable_as_they_are(experiment_dir):
    save_answers(experiment_dir, "t0", 20)
    save_answers(experiment_dir, "t1", 40)
    assert compare(experiment_dir).comparable_scores == {}


def test_of_equally_good_trials_the_fastest_comes_first(make_experiment, make_trial):
    slow = make_trial("t0", [0.9], number=0, effective={"latency_ms": 9.0})
    fast = make_trial("t1", [0.9], number=1, effective={"latency_ms": 3.0})
    experiment_dir = make_experiment(trials=[slow, fast])
    for trial_id in ("t0", "t1"):
        save_answers(experiment_dir, trial_id, 20)
    found = compare(experiment_dir)
    assert found.equally_good == ["t1", "t0"]
    assert found.expectation.expected_score == pytest.approx(0.9, abs=0.005)  # no luck in a tie
    ranked = [slow.model_copy(update={"cost_rank": 1}), fast]
    assert [each.trial_id for each in leaderboard.in_order(ranked, "accuracy")] == ["t1", "t0"]


def test_a_trial_is_ranked_by_its_comparable_score(make_trial):
    lucky = make_trial("t0", [1.0], number=0, comparable_scores={"accuracy": 0.8})
    table = leaderboard.rank([lucky, make_trial("t1", [0.9], number=1)], "accuracy")
    assert table["trial_id"].tolist() == ["t1", "t0"]
    assert table["rank"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("num_wrong", "is_in_doubt"), [(39, True), (37, False), (20, False), (45, True)]
)
def test_mirror_images_must_pay_beyond_noise(make_experiment, make_trial, num_wrong, is_in_doubt):
    asked = {"method": "linear_probe", "model_name": "resnet18"}
    mirrored = {**asked, "mirrored_features": True}
    scores = {"t0": 0.8, "t1": 1 - num_wrong / 200}
    experiment_dir = make_experiment(
        trials=[
            make_trial("t0", [0.8], number=0, hyperparameters=asked),
            make_trial("t1", [scores["t1"]], number=1, hyperparameters=mirrored),
        ]
    )
    save_answers(experiment_dir, "t0", 40)
    save_answers(experiment_dir, "t1", num_wrong)
    found = compare(experiment_dir)
    assert found.in_doubt == ({"t1": 0.8} if is_in_doubt else {})
    results = Results(experiment_dir, "accuracy")
    results.expect()
    assert results.experiment.best_trial == ("t0" if is_in_doubt else "t1")
    ranked = leaderboard.by_score(list(results.trials.values()), "accuracy")
    assert ranked[0].trial_id == results.experiment.best_trial
    assert any("may be chance" in note for note in results.trials["t1"].notes) is is_in_doubt


PROBE = {"method": "linear_probe", "model_name": "resnet18"}
PAIR = {**PROBE, "method": "concatenated_probe", "second_model_name": "resnet34"}
THREE = {**PAIR, "third_model_name": "resnet50"}


@pytest.mark.parametrize(
    ("rows", "in_doubt"),
    [
        ([(PROBE, 60), (PAIR, 58), (THREE, 57)], {"t2": "t1"}),  # the second need not earn it
        ([(PROBE, 60), (PAIR, 58), (THREE, 30)], {}),
        ([(PROBE, 40), (PAIR, 60), (THREE, 39)], {"t2": "t0"}),  # the best part counts
        ([({**PROBE, "model_name": "resnet50"}, 40), (THREE, 39)], {"t1": "t0"}),
        ([({**PROBE, "model_name": "resnet101"}, 40), (THREE, 38)], {}),  # no part of it
        (
            [(PAIR, 58), (THREE, 57), ({**THREE, "mirrored_features": True}, 57)],
            {"t1": "t0", "t2": "t0"},
        ),
        ([({**PAIR, "training_crop_size": 96}, 58), (THREE, 55)], {}),
    ],
)
def test_a_third_network_must_pay_beyond_noise(make_experiment, make_trial, rows, in_doubt):
    trials = [
        make_trial(f"t{number}", [1 - num_wrong / 200], number=number, hyperparameters=asked)
        for number, (asked, num_wrong) in enumerate(rows)
    ]
    experiment_dir = make_experiment(trials=trials)
    for trial, (_, num_wrong) in zip(trials, rows, strict=True):
        save_answers(experiment_dir, trial.trial_id, num_wrong)
    found = compare(experiment_dir).in_doubt
    scores = {trial.trial_id: trial.score("accuracy") for trial in trials}
    assert found == {name: pytest.approx(scores[part]) for name, part in in_doubt.items()}


def save_out_of_fold(experiment_dir, trial_id, num_wrong):
    """Answers for 2,000 training pictures, of which the first ones are wrong."""
    labels = np.tile([0, 1], 1000)
    predicted = np.where(np.arange(2000) < num_wrong, 1 - labels, labels)
    answers = Predictions(np.arange(200, 2200), labels, np.eye(2, dtype=np.float32)[predicted])
    store.save_predictions(store.out_of_fold_path(experiment_dir, trial_id), answers)


@pytest.mark.parametrize(
    ("wrong", "out_of_fold", "best"),
    [
        ([20, 22], [300, 200], "t1"),  # two pictures tell less than a hundred
        ([20, 22], [200, 200], "t0"),
        ([20, 60], [300, 200], "t0"),  # the validation pictures contradict, beyond noise
        ([10, 20], [None, 200], "t0"),  # a trained model has no such answers
    ],
)
def test_where_the_data_name_the_validation_pictures_others_have_a_part_in_the_order_only(
    make_experiment, make_trial, wrong, out_of_fold, best
):
    scores = [1 - each / 200 for each in wrong]
    trials = [make_trial(f"t{number}", [scores[number]], number=number) for number in (0, 1)]
    experiment_dir = make_experiment(trials=trials)
    for trial, on_given, further in zip(trials, wrong, out_of_fold, strict=True):
        save_answers(experiment_dir, trial.trial_id, on_given)
        if further is not None:
            save_out_of_fold(experiment_dir, trial.trial_id, further)
    found = compare(experiment_dir)
    assert found.equally_good == [best]
    own = dict(zip(("t0", "t1"), scores, strict=True))
    assert found.expectation.expected_score == pytest.approx(own[best], abs=0.006)
    assert "Each of 200 pictures" in found.expectation.expected_basis
    has_luck = own[best] == max(scores)  # else others than the given pictures have chosen it
    assert ("choice" in found.expectation.expected_basis) is has_luck
    results = Results(experiment_dir, "accuracy")
    results.expect()
    assert results.experiment.best_trial == best
    ranked = list(found.comparable_scores.values())
    if wrong[1] == 60:
        assert ranked == [None, None]
        assert results.trials["t1"].comparable_scores == {}
    else:
        assert np.mean(ranked) == pytest.approx(np.mean(scores)), "of the scores that are shown"


def test_a_trial_that_is_not_in_doubt_any_more_is_ranked_by_its_own_score(
    make_experiment, make_trial
):
    """Its best part is in doubt itself once a part of that is known."""
    mirrored = {**THREE, "mirrored_features": True}
    other = {**PROBE, "model_name": "resnet101"}
    rows = dict(zip(["t0", "t1", "t2", "t3"], [51, 50, 52, 51], strict=True))
    trials = [
        make_trial(name, [1 - num_wrong / 200], number=number, hyperparameters=asked)
        for number, ((name, num_wrong), asked) in enumerate(
            zip(rows.items(), (THREE, mirrored, PAIR, other), strict=True)
        )
    ]
    experiment_dir = make_experiment(trials=trials[:2])
    for name, num_wrong in rows.items():
        save_answers(experiment_dir, name, num_wrong)
    results = Results(experiment_dir, "accuracy")
    results.expect()
    assert results.experiment.best_trial == "t0"
    assert any("may be chance" in note for note in results.trials["t1"].notes)
    for trial in trials[2:]:
        results._save(trial)
    results.expect()
    found = results.trials["t1"]
    assert found.ranking_score("accuracy") == 0.75
    assert not any("may be chance" in note for note in found.notes)
    assert results.experiment.best_trial == results.experiment.expected_trial == "t1"


WHOLE = {"num_pictures": 200, "num_folds": 5}


def save_wrong(experiment_dir, trial_id, wrong, num=200):
    """Answers for the first pictures, those at these positions wrong."""
    predicted = np.where(np.isin(np.arange(num), wrong), 1 - LABELS[:num], LABELS[:num])
    answers = Predictions(np.arange(num), LABELS[:num], np.eye(2, dtype=np.float32)[predicted])
    store.save_predictions(store.predictions_path(experiment_dir, trial_id), answers)


def test_a_trial_that_answered_for_hard_pictures_is_compared_whatever_others_have(
    make_experiment, make_trial
):
    """Twenty others have scores as if they had answered for all pictures."""
    probe = make_trial("t0", [0.9], number=0, hyperparameters=PROBE, evidence=WHOLE)
    tuned = [
        make_trial(f"t{number}", [0.74], number=number, evidence={"num_pictures": 50})
        for number in range(1, 21)
    ]
    experiment_dir = make_experiment(trials=[probe, *tuned])
    save_wrong(experiment_dir, "t0", [*range(15), *range(60, 65)])
    for trial in tuned:
        save_wrong(experiment_dir, trial.trial_id, range(13), num=50)
    results = Results(experiment_dir, "accuracy")
    results.expect()
    results._save(make_trial("t21", [0.84], number=21, evidence={"num_pictures": 50}))
    save_wrong(experiment_dir, "t21", range(8), num=50)
    assert all(trial.ranking_score("accuracy") > 0.84 for trial in [*results.trials.values()][:20])
    results.expect()
    assert results.experiment.best_trial == "t21"


def test_scores_stay_comparable_when_a_trial_with_other_pictures_is_not_compared_any_more(
    make_experiment, make_trial
):
    tuned = make_trial("t0", [0.5], number=0, evidence={"num_pictures": 50})
    probes = [
        make_trial(f"t{number}", [score], number=number, hyperparameters=PROBE, evidence=WHOLE)
        for number, score in enumerate([0.8, 0.805, *[0.7] * 19], 1)
    ]
    experiment_dir = make_experiment(trials=[tuned, probes[0]])
    save_answers(experiment_dir, "t0", 25, num=50)
    for trial in probes:
        save_answers(experiment_dir, trial.trial_id, round(200 * (1 - trial.score("accuracy"))))
    results = Results(experiment_dir, "accuracy")
    results.expect()
    assert results.trials["t1"].ranking_score("accuracy") > 0.806  # by more training pictures
    for trial in probes[1:]:
        results._save(trial)
    results.expect()
    assert results.experiment.best_trial == results.experiment.expected_trial == "t2"
