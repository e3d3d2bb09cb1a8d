"""Changes of a model's answers are told from chance."""

from datetime import datetime

import numpy as np
import pytest

from automl.evaluation import drift
from automl.evaluation.drift import Answers
from automl.figures import drift_text, wording


def drawn(rng, count, shares=(0.5, 0.3, 0.2), **changed) -> Answers:
    usual = {"mean": 0.9, "unlike": 0.01, "farther": 1.0, **changed}
    classes = rng.choice(3, count, p=shares)
    labels = [("cat", "dog", "rat")[each] for each in classes]
    probabilities = np.clip(rng.normal(usual["mean"], 0.05, count), 0.34, 1)
    # rats are the most varied
    distances = rng.gamma(5, 0.02, count) * (1 + classes) * usual["farther"]
    return Answers(labels, probabilities, rng.random(count) < usual["unlike"], distances)


def test_answers_as_before_are_no_change_however_often_one_looks():
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        reference, seen = drawn(rng, 300), drawn(rng, 3_000)
        looks = [
            drift.drift(reference, Answers(*(each[:count] for each in seen)), 0.01)
            for count in range(100, 3_001, 100)
        ]
        alarms += any(look is not None and look.is_change for look in looks)
    assert alarms <= 3  # 5 % at most are expected


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("classes", {"shares": (0.2, 0.3, 0.5)}),
        ("confidence", {"mean": 0.8}),
        ("features", {"farther": 1.2}),
        ("unlike", {"unlike": 0.08}),
    ],
)
def test_each_change_is_told_by_its_own_test(kind, changed):
    rng = np.random.default_rng(1)
    found = drift.drift(drawn(rng, 300), drawn(rng, 400, **changed), 0.01)
    assert found is not None
    assert [sign.kind for sign in found.signs if sign.is_change] == [kind]


def test_distances_are_compared_where_they_are_known():
    rng = np.random.default_rng(1)
    reference, seen = drawn(rng, 300), drawn(rng, 400, farther=1.2)
    known = np.where(np.arange(300) < 150, reference.distances, np.nan)
    found = drift.drift(reference._replace(distances=known), seen, 0.01)
    assert found is not None
    assert [sign.kind for sign in found.signs if sign.is_change] == ["features"]
    found = drift.drift(reference._replace(distances=known * np.nan), seen, 0.01)
    assert found is not None
    assert [sign.kind for sign in found.signs] == ["classes", "confidence", "unlike"]


def test_only_the_latest_answers_count():
    rng = np.random.default_rng(0)
    old, new = drawn(rng, 1_000), drawn(rng, 500, mean=0.7)
    seen = Answers([*old.labels, *new.labels], np.append(old.probabilities, new.probabilities))
    found = drift.drift(drawn(rng, 300), seen, None)
    assert found is not None
    assert (found.num_answers, found.num_recent, found.is_change) == (1_500, 500, True)
    assert [sign.kind for sign in found.signs] == ["classes", "confidence"]
    assert drift_text.headline(found).endswith("differ from those at validation.")
    times = [datetime(2026, 11, day, 12).astimezone() for day in (3, 5)]
    dated = found.model_copy(update={"first": times[0], "last": times[1]})
    period = " to ".join(map(wording.local_time, times))
    assert drift_text.headline(dated).endswith(f"validation. They were given from {period}.")


def test_answers_since_the_last_look_wait_for_the_next():
    rng = np.random.default_rng(0)
    reference, old, new = drawn(rng, 300), drawn(rng, 1_000), drawn(rng, 337, mean=0.7)
    seen = Answers([*old.labels, *new.labels], np.append(old.probabilities, new.probabilities))
    at_last = drift.drift(reference, seen, None)
    at_look = drift.drift(reference, Answers(old.labels, old.probabilities), None)
    assert at_last is not None
    assert at_look is not None
    assert at_last.signs == at_look.signs
    assert (at_last.num_answers, at_last.num_recent, at_last.num_newer) == (1_000, 500, 337)
    said = drift_text.headline(at_last)
    assert said.endswith("of 1,000 answers. 337 newer answers are compared when there are 1,500.")
    assert [drift.next_look(number) for number in (50, 200, 500)] == [100, 500, 1_000]


def test_answers_that_are_gone_count_as_looked_at():
    rng = np.random.default_rng(0)
    reference, seen = drawn(rng, 300), drawn(rng, 500)
    all_seen, most_gone = (
        drift.drift(reference, seen, 0.01, num_answers=number) for number in (None, 5_000)
    )
    assert all_seen is not None
    assert most_gone is not None
    assert (most_gone.num_answers, most_gone.num_recent) == (5_000, 500)
    least, corrected = (
        min(sign.p_value for sign in found.signs) for found in (all_seen, most_gone)
    )
    assert corrected == min(1.0, least * 13 * 14 / (4 * 5))


def test_a_class_that_was_never_answered_before_is_named():
    rng = np.random.default_rng(0)
    seen = Answers(["bat"] * 60, np.full(60, 0.9))
    found = drift.drift(drawn(rng, 300), seen, None)
    assert found is not None
    assert (found.signs[0].class_name, found.signs[0].now) == ("bat", 1.0)
    assert found.signs[0].is_change


def test_few_answers_say_nothing():
    rng = np.random.default_rng(0)
    assert drift.drift(drawn(rng, 300), drawn(rng, 49), 0.01) is None
