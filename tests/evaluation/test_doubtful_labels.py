import numpy as np
import pytest

from automl.evaluation.doubtful_labels import suspects


def test_a_wrong_label_that_all_trials_see_is_found_first():
    labels = np.array([0] * 10 + [1] * 10)
    one = np.tile([0.9, 0.1], (20, 1))
    one[10:] = [0.2, 0.8]
    other = one.copy()
    for trial in (one, other):
        trial[3] = [0.05, 0.95]  # labelled 0, surely 1
        trial[15] = [0.88, 0.12]  # labelled 1, probably 0
    other[5] = [0.1, 0.9]  # only one of the two thinks so
    found = suspects([one, other], labels)
    assert [(each.position, each.suggested) for each in found] == [(3, 1), (15, 0)]
    assert found[0].probability == 0.95
    assert found[0].given_probability == 0.05


def test_hesitant_disagreement_is_not_suspicious():
    labels = np.array([0] * 10 + [1] * 10)
    trial = np.tile([0.9, 0.1], (20, 1))
    trial[10:] = [0.1, 0.9]
    trial[0] = [0.45, 0.55]
    assert suspects([trial], labels) == []


def test_a_class_without_pictures_is_never_suggested():
    labels = np.zeros(5, int)
    trial = np.tile([0.8, 0.1, 0.1], (5, 1))
    trial[2] = [0.0, 0.0, 1.0]
    assert suspects([trial], labels) == []


def test_of_label_sets_each_label_is_a_question_of_its_own():
    labels = np.array([[1, 0, 0]] * 10 + [[0, 1, 0]] * 10, bool)
    one = np.where(labels, 0.9, 0.1)
    one[3] = [0.05, 0.1, 0.1]  # not the first
    one[15] = [0.1, 0.9, 0.6]  # nobody has the third, so nothing says how sure is sure
    one[12] = [0.6, 0.9, 0.1]  # hesitant
    one[17] = [0.95, 0.9, 0.1]  # the first, too
    other = one.copy()
    found = suspects([one, other], labels)
    assert [(each.position, each.suggested) for each in found] == [(3, 0), (17, 0)]
    assert found[1].probability == pytest.approx(0.95)
    assert found[1].given_probability == pytest.approx(0.05)


def test_a_label_that_the_trials_mostly_miss_is_not_doubted():
    labels = np.array([[1]] * 10 + [[0]] * 10, bool)
    trial = np.where(np.arange(20)[:, None] < 4, 0.9, 0.05)  # four of ten are found
    assert suspects([trial], labels) == []
