import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from automl.evaluation import curves


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (300, 4) and labels; class 3 does not occur."""
    rng = np.random.default_rng(0)
    labels = rng.choice(3, size=300, p=[0.6, 0.3, 0.1])
    logits = rng.normal(size=(300, 4))
    logits[np.arange(300), labels] += 1.5
    powers = np.exp(logits)
    return (powers / powers.sum(axis=1, keepdims=True)).round(2), labels


def area(curve: curves.Curve) -> float:
    return float(np.trapezoid(curve.y, curve.x))


@pytest.mark.parametrize("of", [0, 1, 2, "micro", "macro", "weighted"])
def test_the_area_under_roc_is_that_of_scikit_learn(answers, of):
    probabilities, labels = answers
    truth = labels[:, None] == np.arange(4)
    if isinstance(of, int):
        wanted = roc_auc_score(truth[:, of], probabilities[:, of])
    elif of == "micro":
        wanted = roc_auc_score(truth.ravel(), probabilities.ravel())
    else:
        areas = [roc_auc_score(truth[:, k], probabilities[:, k]) for k in range(3)]
        weights = truth[:, :3].mean(axis=0) if of == "weighted" else None
        wanted = np.average(areas, weights=weights)
    assert area(curves.curve("roc", probabilities, labels, of)) == pytest.approx(wanted, abs=0.005)


def test_precision_recall_of_a_class_encloses_its_average_precision(answers):
    probabilities, labels = answers
    found = curves.curve("precision_recall", probabilities, labels, 1)
    assert (np.diff(found.x) >= 0).all()
    steps = (np.diff(found.x) * found.y[:-1]).sum()
    wanted = average_precision_score(labels == 1, probabilities[:, 1])
    assert steps == pytest.approx(wanted, abs=0.02)


def test_gains_and_lift_by_hand():
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    probabilities = np.stack([1 - scores, scores], axis=1)
    labels = np.array([1, 1, 0, 0])
    gains = curves.curve("gains", probabilities, labels, 1)
    assert gains.x.tolist() == [0, 0.25, 0.75, 1]  # the two equal ones come together
    assert gains.y.tolist() == [0, 0.5, 1, 1]
    lift = curves.curve("lift", probabilities, labels, 1)
    assert lift.y == pytest.approx([2, 4 / 3, 1])


@pytest.mark.parametrize("of", [0, 1, 3, "micro", "macro", "weighted"])
def test_perfect_gains_are_those_of_a_model_that_is_always_right(of):
    labels = np.array([0] * 60 + [1] * 20 + [3] * 40)  # class 2 is absent
    always_right = np.eye(4)[labels]
    drawn = curves.curve("gains", always_right, labels, of)
    perfect = curves.perfect_gains(labels, 4, of)
    # between no picture and all of the class, equal scores come together
    assert np.interp(drawn.x, perfect.x, perfect.y) == pytest.approx(drawn.y, abs=0.01)
    assert (perfect.x[0], perfect.y[0], perfect.x[-1], perfect.y[-1]) == (0, 0, 1, 1)


@pytest.mark.parametrize("kind", ["roc", "precision_recall", "gains", "lift"])
def test_long_curves_are_thinned_and_keep_their_ends(kind):
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    probabilities = np.stack([1 - scores, scores], axis=1)
    labels = (rng.random(20_000) < scores).astype(int)
    found = curves.curve(kind, probabilities, labels, 1)
    assert len(found.x) == curves.MAX_POINTS
    assert found.x[-1] == 1


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_an_average_begins_and_ends_where_the_curves_of_its_classes_do(answers, average):
    probabilities, labels = answers
    roc = curves.curve("roc", probabilities, labels, average)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    found = curves.curve("precision_recall", probabilities, labels, average)
    of_classes = [curves.curve("precision_recall", probabilities, labels, k) for k in range(3)]
    weights = np.bincount(labels) if average == "weighted" else None
    assert (found.x[0], found.y[0], found.x[-1]) == (0, 1, 1)
    assert found.y[-1] == pytest.approx(np.average([c.y[-1] for c in of_classes], weights=weights))


def test_precision_recall_ends_at_the_threshold_that_finds_the_last_picture():
    scores = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
    probabilities = np.stack([1 - scores, scores], axis=1)
    found = curves.curve("precision_recall", probabilities, np.array([1, 0, 1, 0, 0]), 1)
    assert (found.x[-1], found.y[-1]) == (1, pytest.approx(2 / 3))


@pytest.mark.parametrize("kind", ["roc", "precision_recall", "gains", "lift"])
def test_a_class_without_pictures_has_no_curve_and_does_not_count(answers, kind):
    probabilities, labels = answers
    with pytest.raises(ValueError, match="of the class and of others"):
        curves.curve(kind, probabilities, labels, 3)
    three = np.delete(probabilities, 3, axis=1)
    with_it = curves.curve(kind, probabilities, labels, "macro")
    assert with_it.y == pytest.approx(curves.curve(kind, three, labels, "macro").y)


@pytest.mark.parametrize("of", [1, "micro", "macro", "weighted"])
def test_classes_as_sets_of_one_have_the_same_curves(answers, of):
    probabilities, labels = answers
    sets = labels[:, None] == np.arange(4)
    for kind in ("roc", "precision_recall", "gains", "lift"):
        one, other = (curves.curve(kind, probabilities, each, of) for each in (labels, sets))
        assert (one.x.tolist(), one.y.tolist()) == (other.x.tolist(), other.y.tolist())
    perfect = [curves.perfect_gains(each, 4, of) for each in (labels, sets)]
    assert perfect[0].y == pytest.approx(perfect[1].y)


def test_a_label_that_every_picture_has_is_left_out_of_averages():
    truth = np.array([[1, 1], [1, 0], [1, 1], [1, 0]], bool)
    shares = np.array([[0.9, 0.8], [0.9, 0.3], [0.9, 0.7], [0.9, 0.1]])
    whole, own = (curves.curve("roc", shares, truth, of) for of in ("macro", 1))
    assert area(whole) == area(own) == 1
    assert curves.drawable(truth, 2).tolist() == [1]
