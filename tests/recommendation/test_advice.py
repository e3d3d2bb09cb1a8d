"""Each rule of the recommendation on small records of a real kind."""

from pathlib import Path

import numpy as np
import pytest

import automl
from automl.dataset.report import DatasetReport, Finding, Severity
from automl.evaluation import constant_answer
from automl.evaluation.predictions import Predictions
from automl.experiments import endings
from automl.experiments.records import ExperimentRecord, now
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.recommendation import advice, doubts, of_experiment
from automl.recommendation.facts import Facts
from tests.conftest import build_opening, build_trial

RECORDED = Path(__file__).parents[1] / "data"
NAMES = ["cat", "dog", "owl"]
LABELS = np.repeat([0, 1, 2], [40, 30, 30])
EXPECTED = {"expected_score": 0.9, "expected_low": 0.84, "expected_high": 0.95}


def answers(num_owls_taken_for_dogs=6, num_cats_taken_for_owls=1):
    predicted = LABELS.copy()
    predicted[70 : 70 + num_owls_taken_for_dogs] = 1
    predicted[:num_cats_taken_for_owls] = 2
    return Predictions(np.arange(100), LABELS, np.eye(3, dtype=np.float32)[predicted])


def report(*findings, **fields):
    given = {"classes": {"cat": 200, "dog": 150, "owl": 40}, "splits": {"train": 290}, **fields}
    return DatasetReport(num_images=390, findings=list(findings), data_hash="", **given)


def finding(kind, count, severity=Severity.WARNING):
    return Finding(kind=kind, severity=severity, count=count, paths=[], message="Mend it.")


def facts(*, record=EXPECTED, trials=None, best=None, **fields):
    best = best or build_trial("t0", [0.9], effective={"latency_ms": 20.0})
    predictions = fields.setdefault("predictions", answers())
    if predictions is not None:
        fields.setdefault("constant", constant_answer.compare("accuracy", predictions))
    return Facts(
        record=ExperimentRecord(
            experiment_id="e", created_at=now(), **{"state": "completed", **record}
        ),
        job=Job(training_data=DataSource(path=Path("/data")), limits={"timeout_minutes": 15}),
        trials=trials or [best],
        best=best,
        class_names=NAMES,
        **fields,
    )


def opening(score, low, high, trial_id="t0"):
    fields = {"metrics": {"accuracy": score}, "score_low": low, "score_high": high}
    return build_opening(trial_id, num_pictures=200, **fields)


def text(rule, given):
    clause = rule(given)
    return clause.text if clause else None


def test_a_good_model_is_to_be_used_and_its_expected_score_comes_first():
    found = advice.recommend(facts(report=report()))
    assert found.is_usable
    assert found.title == "Use #0 resnet18"
    assert found.clauses[0].text == "On new pictures expect accuracy 0.900 (0.84 to 0.95)."
    assert found.clauses[0].numbers == (0.9, 0.84, 0.95)


def test_the_weakest_class_is_named_with_what_it_is_taken_for():
    clause = advice.weakest(facts())
    assert clause.text == "Weakest class: owl, 24 of 30 pictures right; 6 were taken for dog."
    assert (clause.target.true, clause.target.predicted) == ("owl", "dog")
    assert advice.weakest(facts(predictions=answers(0, 0))) is None


def test_a_faster_trial_that_is_as_good_is_offered():
    fast = build_trial("t1", [0.89], number=1, effective={"latency_ms": 5.0})
    slow = build_trial("t2", [0.89], number=2, effective={"latency_ms": 19.0})
    best = build_trial("t0", [0.9], effective={"latency_ms": 20.0})
    given = {"best": best, "trials": [best, fast, slow]}
    clause = advice.as_good(facts(**given, p_values={"t1": 0.4, "t2": 0.3}))
    assert clause.text == (
        "#1 resnet18 is as good within noise (0.890) and takes 5 ms a picture instead of 20."
    )
    assert clause.target.trial_id == "t1"
    worse = facts(**given, p_values={"t1": 0.01, "t2": 0.3})
    assert text(advice.as_good, worse) == (
        "1 other trial is as good within noise; none is much faster."
    )
    assert advice.as_good(facts(**given, p_values={"t1": 0.01, "t2": None})) is None


def test_a_trial_that_looks_much_worse_is_not_as_good_although_few_pictures_prove_nothing():
    far = build_trial("t1", [0.82], number=1, effective={"latency_ms": 5.0})

    def said(**interval):
        best = build_trial("t0", [0.98], effective={"latency_ms": 20.0}, **interval)
        return text(advice.as_good, facts(best=best, trials=[best, far], p_values={"t1": 0.06}))

    assert said() is None
    assert said(score_low=0.96, score_high=1.0) is None
    assert "as good within noise (0.820)" in said(score_low=0.8, score_high=1.0)


def test_the_scores_that_rank_are_named_where_another_trial_shows_a_higher_one():
    def said(best, other):
        trials = [
            build_trial(f"t{number}", [shown], number=number, **ranks)
            for number, (shown, ranks) in enumerate([best, other])
        ]
        return text(advice.ranked_by, facts(best=trials[0], trials=trials))

    own = {"own_scores": {"accuracy": 0.6}}
    compared = {"comparable_scores": {"accuracy": 0.5}}
    best = (0.3, {"own_scores": {"accuracy": 0.7}})
    assert said(best, (0.4, own)) == (
        "#1 resnet18 shows 0.400, but what ranks the trials is accuracy with thresholds of their "
        "own: 0.600 against 0.700."
    )
    assert "as if all had answered for the same pictures: 0.500" in said(best, (0.4, compared))
    assert "own and as if all" in said(best, (0.4, own | compared))
    assert said((0.3, compared), (0.4, compared)).endswith(
        "same pictures: both have 0.500, and of equal ones a lower loss counts before a lower cost."
    )
    assert said(best, (0.2, own)) is None
    assert said((0.3, own), (0.4, {"own_scores": {"accuracy": 0.65}})) is None, "chosen by cost"


AT_LIMIT = {**EXPECTED, "message": f"{endings.TIME_LIMIT} 15 min was reached."}


def test_trials_that_had_no_time_are_named_with_an_offer_to_go_on():
    best = build_trial("t0", [0.9])
    unstarted = {"state": "stopped", "was_cut_short": True, "started_at": None}
    missed = build_trial("t1", number=1, model_name="vit_tiny", **unstarted)
    given = {"record": AT_LIMIT, "best": best, "trials": [best, missed]}
    clause = advice.not_tried(facts(**given))
    assert clause.text == "1 of 2 trials was not tried: vit_tiny."
    assert (clause.target.view, clause.target.minutes) == ("resume", 15)
    assert clause.target.label == "Go on for 15 more minutes"
    opened = advice.not_tried(facts(**given, opening=opening(0.89, 0.85, 0.93)))
    assert (opened.target.view, opened.target.minutes) == ("more_time", 30)
    by_user = {**given, "record": {**EXPECTED, "state": "stopped"}}
    assert advice.not_tried(facts(**by_user)).target.view == "resume"
    opened = advice.not_tried(facts(**by_user, opening=opening(0.89, 0.85, 0.93)))
    assert opened.target.view == "more_time"
    cut = build_trial("t1", [0.5], number=1, was_cut_short=True)
    assert text(advice.not_tried, facts(**{**given, "trials": [best, cut]})) == (
        "1 trial was cut before the end of training."
    )
    assert advice.not_tried(facts()) is None


def test_of_many_trials_that_had_no_time_the_first_are_named():
    best = build_trial("t0", [0.9])
    unstarted = {"state": "stopped", "was_cut_short": True, "started_at": None}
    missed = [build_trial(f"t{n}", number=n, model_name=f"n{n}", **unstarted) for n in range(1, 6)]
    given = facts(record=AT_LIMIT, best=best, trials=[best, *missed])
    said = text(advice.not_tried, given)
    assert said == "5 of 6 trials were not tried: n1; n2; n3 and 2 more."


def test_what_the_plan_had_no_time_for_is_named_with_an_offer_of_more_time():
    record = {**EXPECTED, "left_out": ["training of a", "fine-tuning of b"]}
    clause = advice.not_tried(facts(record=record))
    assert clause.text == (
        "2 trials were left out for lack of time: training of a; fine-tuning of b."
    )
    assert clause.numbers == (2,)
    assert (clause.target.view, clause.target.minutes) == ("more_time", 30)
    assert advice.not_tried(facts(record=EXPECTED)) is None


def test_what_the_exit_score_left_out_is_not_missed():
    best = build_trial("t0", [0.9])
    missed = build_trial("t1", number=1, state="stopped", was_cut_short=True, started_at=None)
    record = {**EXPECTED, "message": "The exit score was reached: accuracy 0.9 of 0.9."}
    assert advice.not_tried(facts(record=record, best=best, trials=[best, missed])) is None


def test_labels_in_doubt_are_counted_among_the_errors():
    assert text(advice.labels_to_check, facts(num_doubtful=3)).startswith(
        "3 of the 7 wrong answers"
    )
    assert advice.labels_to_check(facts()) is None


def test_pictures_are_wanted_of_a_small_class_with_many_of_the_errors():
    assert text(advice.pictures_to_add, facts(report=report())) == (
        "More pictures of owl would help most: it has 40, half of the classes have 150 or more, "
        "and it makes 6 of the 7 errors."
    )
    even = facts(report=report(classes=dict.fromkeys(NAMES, 100)))
    assert advice.pictures_to_add(even) is None
    hardly_fewer = facts(report=report(classes={"cat": 33, "dog": 33, "owl": 32}))
    assert advice.pictures_to_add(hardly_fewer) is None


def test_the_test_data_confirm_are_sealed_or_contradict():
    sealed = facts(report=report(splits={"train": 290, "test": 50}))
    assert text(advice.confirmed, sealed) == "50 test pictures are sealed: open them to confirm it."
    confirmed = facts(opening=opening(0.89, 0.85, 0.93))
    assert text(advice.confirmed, confirmed).startswith("The test data confirm it: 0.890")
    lower = facts(opening=opening(0.7, 0.64, 0.76))
    assert advice.confirmed(lower) is None
    assert text(doubts.test_data_contradict, lower).startswith("The test data do not confirm it")
    assert doubts.test_data_contradict(confirmed) is None
    assert advice.confirmed(facts(opening=opening(0.9, 0.8, 1.0, trial_id="t9"))) is None


def test_a_model_that_is_no_better_than_a_constant_answer_is_not_to_be_used():
    guesses = np.eye(3, dtype=np.float32)[np.roll(LABELS, 50)]
    given = facts(predictions=Predictions(np.arange(100), LABELS, guesses), report=report())
    found = advice.recommend(given)
    assert found.title == "Do not use #0 resnet18 yet"
    assert found.doubts[0].text == "No model beats always answering cat (0.400 of 100 pictures)."
    assert advice.weakest(given) is None
    assert advice.pictures_to_add(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"report": report(finding("leakage", 3))}, "3 pictures of the validation or test data"),
        ({"report": report(finding("single_class", 1, Severity.BLOCKING))}, "1 finding about"),
        (
            {"predictions": Predictions(np.arange(9), LABELS[:9], np.eye(3)[LABELS[:9]])},
            "It was judged by 9 pictures only",
        ),
        ({"record": {**EXPECTED, "expected_low": 0.6}}, "How good it is on new pictures is hardly"),
    ],
)
def test_each_doubt_keeps_the_model_from_being_recommended(given, expected):
    said = [clause.text for clause in doubts.doubts(facts(**{"constant": None, **given}))]
    assert [sentence for sentence in said if sentence.startswith(expected)]
    assert not doubts.doubts(facts(report=report(finding("blurry", 5))))


@pytest.mark.parametrize(
    ("number", "title", "doubt"),
    [
        (1, "Do not use #0 test_resnet yet", "No model beats always answering blue"),
        (2, "Do not use #0 test_resnet yet", "It was judged by 12 pictures only"),
        (4, "Use #0 test_resnet, linear probe", None),
    ],
)
def test_recorded_searches_are_judged_from_their_files(number, title, doubt):
    directory = RECORDED / f"experiment-format-{number}"
    recorded = automl.open_experiment(directory)
    found = of_experiment(directory, recorded.record, recorded.job, recorded.trials)
    assert found.title == title
    first = found.doubts[0].text if found.doubts else ""
    assert first.startswith(doubt) if doubt else not first
    assert all(clause.numbers for clause in (*found.clauses, *found.doubts))


def test_without_answers_on_disk_only_the_records_speak():
    found = advice.recommend(facts(predictions=None))
    assert [clause.text for clause in found.clauses] == [
        "On new pictures expect accuracy 0.900 (0.84 to 0.95)."
    ]


def of_label_sets(num_missed=6, num_false=2):
    """Answers for 100 pictures with three labels; the owl is missed and false in some."""
    truth = np.eye(3, dtype=bool)[LABELS] | (np.arange(100) % 4 == 0)[:, None]
    shares = np.where(truth, 0.9, 0.1).astype(np.float32)
    owls = np.flatnonzero(truth[:, 2])
    shares[owls[:num_missed], 2] = 0.2
    shares[np.flatnonzero(~truth[:, 2])[:num_false], 2] = 0.8
    return facts(
        predictions=Predictions(np.arange(100), truth, shares),
        constant=None,
        report=report(classes={"cat": 200, "dog": 150, "owl": 40}),
    )


def test_of_label_sets_the_weakest_label_is_named_with_what_was_missed_and_false():
    given = of_label_sets()
    clause = advice.weakest(given)
    total = int(given.predictions.labels[:, 2].sum())
    assert f"owl, found in {total - 6} of {total} pictures with it" in clause.text
    assert "in 2 without it" in clause.text
    assert clause.target.view == "label"
    assert "it makes 8 of the 8 errors" in advice.pictures_to_add(given).text
    assert advice.weakest(of_label_sets(num_missed=0)) is None


def test_label_sets_that_no_model_beats_by_their_frequencies():
    given = of_label_sets().predictions
    blind = Predictions(given.sample_ids, given.labels, np.full((100, 3), 0.3, np.float32))
    constant = constant_answer.compare("iou", blind)
    said = doubts.nothing_beats_the_constant(facts(predictions=blind, constant=constant)).text
    assert said.startswith("No model beats always answering the frequency of each label")
