"""Choices of pictures to label, on clouds of points."""

import numpy as np
import pytest

from automl.labelling import queries, suggesting
from automl.labelling.suggesting import Labelled
from automl.model import linear_probe
from benchmarks import label_queries
from benchmarks.label_queries import Pool

CENTRES = np.eye(4, 8, dtype=np.float32) * 5 + 1


def cloud(rng: np.random.Generator, centre: int, count: int) -> np.ndarray:
    return CENTRES[centre] + rng.normal(0, 0.3, (count, 8)).astype(np.float32)


@pytest.fixture
def pool() -> Pool:
    """Two known classes; the pictures between them, in two places, are the unsure ones."""
    rng = np.random.default_rng(0)
    labelled = np.concatenate([cloud(rng, 0, 20), cloud(rng, 1, 20)])
    between = (CENTRES[0] + CENTRES[1]) / 2 + rng.normal(0, 0.05, (40, 8)).astype(np.float32)
    between[:20, 5] += 1
    certain = np.concatenate([cloud(rng, 0, 200), cloud(rng, 1, 200)])
    probe = linear_probe.fit(labelled, np.repeat([0, 1], 20), 2)
    return Pool(np.concatenate([certain, between]), labelled, probe)


@pytest.mark.parametrize("query", [query for _, query in label_queries.QUERIES])
def test_every_choice_gives_as_many_different_pictures_as_are_wanted(pool, query):
    chosen = query(pool, 30)
    assert len(set(chosen.tolist())) == 30
    assert query(pool, 30).tolist() == chosen.tolist()
    assert sorted(query(pool, 1_000).tolist()) == list(range(len(pool.features)))


def test_pictures_near_a_threshold_are_taken_from_both_places(pool):
    chosen = queries.unsure(pool.features, queries.margins(pool.probabilities), 3, pool.seed)
    assert (chosen >= 400).all()
    assert len({(row - 400) // 20 for row in chosen.tolist()}) == 2


def test_each_picture_lowers_most_what_is_not_known(pool):
    probabilities, of_known = (pool.probe.probabilities(x) for x in (pool.features, pool.labelled))
    chosen = queries.informative(pool.features, pool.labelled, probabilities, of_known, 4)
    rows = np.concatenate([pool.labelled, pool.features]).astype(float)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0) / np.sqrt(rows.shape[1])
    known, asked = rows[:40], rows[40:]
    unsureness, of_known = (
        1 - (each**3).sum(axis=1) / (each**1.5).sum(axis=1) ** 2  # with 1.5 times the logits
        for each in (probabilities.astype(float), of_known)
    )
    told = np.maximum(of_known, 0.05)
    information = (known * told[:, None]).T @ known + 0.01 * np.eye(8)
    whole = (asked * unsureness[:, None]).T @ asked
    for row in chosen:
        each = information + unsureness[:, None, None] * asked[:, :, None] * asked[:, None, :]
        unknown = np.trace(np.linalg.inv(each) @ whole, axis1=1, axis2=2)
        assert unknown[row] == pytest.approx(unknown.min(), rel=1e-3)
        information = each[row]


def test_without_labels_each_kind_of_picture_is_asked_about():
    rng = np.random.default_rng(0)
    features = np.concatenate([cloud(rng, each, 50) for each in range(4)])
    paths = [f"/new/{row}.png" for row in range(200)]
    found = suggesting.suggested(paths, features, None, 4)
    assert {int(each.path[5:-4]) // 50 for each in found} == {0, 1, 2, 3}
    assert all(each.why == "typical" and not each.guess for each in found)


def test_pictures_that_are_all_the_same_can_be_labelled():
    assert len(queries.central(np.ones((30, 8), np.float32), 5, 0)) == 5


def test_a_suggestion_names_the_classes_that_the_model_wavers_between(pool):
    labelled = Labelled(pool.labelled, np.repeat([0, 2], 20), ["cat", "rat", "dog"])
    paths = [str(row) for row in range(len(pool.features))]
    found = suggesting.suggested(paths, pool.features, labelled, 3)
    assert all({each.guess, each.second} == {"cat", "dog"} for each in found)
    assert all(each.probability is not None and each.probability < 0.9 for each in found)
