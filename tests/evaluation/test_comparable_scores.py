import numpy as np
import pytest

from automl.evaluation.comparable_scores import Candidate, compare
from automl.evaluation.predictions import Predictions

IDS = np.arange(500)
LABELS = np.tile([0, 1], 250)
EASY = IDS < 240


def row(is_right: np.ndarray, kept: np.ndarray | None = None, **known) -> Candidate:
    """A trial that is right where it says, asked about the pictures that are kept."""
    kept = np.ones(len(IDS), dtype=bool) if kept is None else kept
    predicted = np.where(is_right, LABELS, 1 - LABELS)[kept]
    probabilities = np.where(predicted[:, None] == [0, 1], np.float32(0.9), np.float32(0.1))
    return Candidate("t", Predictions(IDS[kept], LABELS[kept], probabilities), **known)


@pytest.fixture
def is_right() -> np.ndarray:
    """Mark as right 15 of 20 pictures among the easy ones and 13 among the others."""
    return np.where(EASY, 15, 13) > IDS % 20


def test_a_trial_that_answered_for_all_pictures_keeps_its_score(is_right):
    found = compare("accuracy", [row(is_right)])
    assert found is not None
    assert found.scores == pytest.approx([is_right.mean()])


def test_a_trial_asked_about_easy_pictures_is_corrected_by_one_asked_about_all(is_right):
    found = compare("accuracy", [row(is_right), row(is_right, EASY)])
    assert found is not None
    assert is_right[EASY].mean() == 0.75
    assert found.scores == pytest.approx([is_right.mean()] * 2, abs=0.01)
    assert found.resampled[:, 0].std() == pytest.approx(found.resampled[:, 1].std(), rel=0.05)


def test_a_trial_that_errs_elsewhere_is_hardly_corrected(is_right):
    unlike = np.random.default_rng(0).random(500) < 0.8
    alone = compare("accuracy", [row(unlike, EASY)])
    beside = compare("accuracy", [row(is_right), row(unlike, EASY)])
    assert alone is not None
    assert beside is not None
    assert beside.scores[1] == pytest.approx(alone.scores[0], abs=0.04)


def test_missing_training_pictures_are_made_up_for(is_right):
    found = compare("accuracy", [row(is_right), row(is_right, share=0.8)])
    assert found is not None
    assert 0 < found.scores[1] - found.scores[0] < 0.05


def test_pictures_of_one_group_are_drawn_together():
    blocks = np.repeat(np.arange(10) < 7, 50)
    alone = compare("accuracy", [row(blocks)])
    together = compare("accuracy", [row(blocks)], {int(each): each // 50 for each in IDS})
    assert alone is not None
    assert together is not None
    assert together.resampled.std() > 5 * alone.resampled.std()


def test_every_primary_metric_can_be_compared(is_right):
    rows = [row(is_right), row(~is_right, EASY)]
    found = compare("auc_weighted", rows)
    assert found is not None
    assert found.scores[0] == pytest.approx(is_right.mean())
    assert found.resampled.shape == (100, 2)


def test_a_trial_without_a_score_is_left_out(is_right):
    broken = Candidate("nan", Predictions(IDS, LABELS, np.full((500, 2), np.nan, np.float32)))
    found = compare("accuracy", [broken, row(is_right)])
    assert found is not None
    assert [each.trial_id for each in found.rows] == ["t"]
    assert compare("accuracy", [broken]) is None
    assert compare("accuracy", []) is None


def test_scores_that_few_resamples_have_are_no_evidence(is_right):
    one_of_a_class = np.isin(IDS, [0, 2, 4, 6, 8, 10, 12, 13])
    # without the single picture of the second class, in a third of the resamples, no AUC
    assert compare("auc_weighted", [row(is_right, one_of_a_class)]) is not None
    assert compare("auc_weighted", [row(is_right, np.isin(IDS, [0, 2]))]) is None


@pytest.mark.parametrize("probe_errs_on_the_49", [0, 1])
def test_a_high_score_on_few_pictures_is_no_better_without_a_lead_on_the_same(probe_errs_on_the_49):
    """Two classes, 245 pictures: 48 of 49 are right by one trial, 237 of 245 by the other."""
    kept = IDS < 49
    tuned = IDS != 3
    probe = ~np.isin(IDS, range(60, 68))
    probe[:probe_errs_on_the_49] = False
    everything = IDS < 245
    found = compare("accuracy", [row(tuned, kept), row(probe, everything)])
    assert found is not None
    assert found.scores[0] < found.scores[1]


def test_a_lead_on_the_same_pictures_counts():
    kept = IDS < 98
    probe = IDS % 10 > 1
    found = compare("accuracy", [row(IDS % 49 > 0, kept), row(probe)])
    assert found is not None
    assert found.scores[0] > found.scores[1] + 0.05


@pytest.mark.parametrize(("num_lost", "is_best"), [(2, False), (0, True)])
def test_a_lead_on_few_pictures_counts_only_if_it_is_probably_no_luck(num_lost, is_best):
    """The trial asked about 50 of 250 pictures is right on three of the other one's ten errors."""
    kept, everything = IDS < 50, IDS < 250
    probe = IDS % 5 > 0
    tuned = probe | (IDS < 15)
    tuned[1 : 1 + num_lost] = False
    found = compare("accuracy", [row(tuned, kept), row(probe, everything)])
    assert found is not None
    assert is_best == (found.scores[0] > found.scores[1])


def test_a_resample_without_a_picture_of_a_trial_is_left_out_and_not_a_score_without_limit():
    few, everything = IDS < 2, IDS < 12
    found = compare("accuracy", [row(IDS < 12, few), row(IDS > 0, everything)])
    assert found is not None
    assert len(found.resampled) < 1000  # in some none of the two pictures is drawn
    assert np.isfinite(found.resampled).all()
