"""Choices of pictures to label, which `benchmarks.label_next` compares.

Each takes a pool and how many pictures are wanted, and returns their positions, the most telling
first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl.labelling import queries
from automl.labelling.queries import Positions
from automl.model.linear_probe import LinearProbe

_DROPPED_SHARE, _NUM_DROPOUTS = 0.75, 3
"""Settings of DropQuery, as its authors have chosen them."""


@dataclass(frozen=True)
class Pool:
    """Pictures without a label, and what is known by now."""

    features: NDArray[np.float32]
    """(N, D) of the pictures without a label."""

    labelled: NDArray[np.float32]
    """(L, D) of those with one."""

    probe: LinearProbe
    """Fitted to those with a label."""

    seed: int = 0

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(N, K) by the probe."""
        return self.probe.probabilities(self.features)


Query = Callable[[Pool, int], Positions]


def at_random(pool: Pool, count: int) -> Positions:
    """Pictures at random, which every other choice must beat."""
    return np.random.default_rng(pool.seed).permutation(len(pool.features))[:count]


def by_entropy(pool: Pool, count: int) -> Positions:
    """The least certain pictures, by the entropy of the probabilities."""
    shares = pool.probabilities
    return np.argsort((shares * np.log(shares + 1e-12)).sum(axis=1), kind="stable")[:count]


def by_margin(pool: Pool, count: int) -> Positions:
    """Pictures whose two most probable classes are nearest to each other."""
    return np.argsort(queries.margins(pool.probabilities), kind="stable")[:count]


def by_spread_margin(pool: Pool, count: int) -> Positions:
    """Margins, spread over clusters: what `automl.labelling` does for any number of labels."""
    return queries.unsure(pool.features, queries.margins(pool.probabilities), count, pool.seed)


def by_dropout(pool: Pool, count: int) -> Positions:
    """DropQuery (Gupte et al., Revisiting Active Learning in the Era of Vision Foundation Models,
    2024): one picture of each cluster of those whose class changes when features are dropped."""
    rng = np.random.default_rng(pool.seed)
    answers = pool.probabilities.argmax(axis=1)
    changes = np.zeros(len(answers))
    for _ in range(_NUM_DROPOUTS):
        kept = rng.random(pool.features.shape, np.float32) >= _DROPPED_SHARE
        dropped = pool.features * kept / np.float32(1 - _DROPPED_SHARE)
        changes += pool.probe.probabilities(dropped).argmax(axis=1) != answers
    candidates = np.flatnonzero(changes > _NUM_DROPOUTS / 2)
    if len(candidates) < count:
        candidates = np.argsort(-changes, kind="stable")[:count]
    return candidates[queries.central(pool.features[candidates], count, pool.seed)]


def by_weighted_clusters(pool: Pool, count: int) -> Positions:
    """CLUE (Prabhu et al., Active Domain Adaptation via Clustering Uncertainty-weighted Embeddings,
    2021): the central picture of each cluster, where uncertain pictures weigh more."""
    uncertainty = 1 - queries.margins(pool.probabilities)
    return queries.central(pool.features, count, pool.seed, weights=uncertainty)


def by_gradients(pool: Pool, count: int) -> Positions:
    """BADGE (Ash et al., Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds,
    2020): k-means++ on the gradients of the last layer, as if the answers were the labels."""
    rng = np.random.default_rng(pool.seed)
    errors = pool.probabilities.copy()
    errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    # of an outer product only the factors are needed
    lengths = (errors**2).sum(axis=1) * (pool.features**2).sum(axis=1)
    chosen = [int(lengths.argmax())]
    distances = np.full(len(errors), np.inf)
    while len(chosen) < min(count, len(errors)):
        last = chosen[-1]
        likeness = (errors @ errors[last]) * (pool.features @ pool.features[last])
        distances = np.minimum(distances, np.maximum(lengths + lengths[last] - 2 * likeness, 0))
        distances[chosen] = 0
        total = distances.sum(dtype=np.float64)
        shares = distances / total if total > 0 else None
        chosen.append(int(rng.choice(len(errors), p=shares)))
    return np.array(chosen)


def by_typicality(pool: Pool, count: int) -> Positions:
    """TypiClust (Hacohen et al., Active Learning on a Budget, 2022): the typical picture of each
    of the largest clusters without a label."""
    num_labelled = len(pool.labelled)
    rng = np.random.default_rng(pool.seed)
    part = rng.permutation(len(pool.features))[: queries.MOST_CLUSTERED]
    features = queries.directions(np.concatenate([pool.labelled, pool.features[part]]))
    clusters = queries.clusters(features, num_labelled + count, pool.seed).labels
    covered = set(clusters[:num_labelled].tolist())
    clusters, features = clusters[num_labelled:], features[num_labelled:]
    names, sizes = np.unique(clusters, return_counts=True)
    largest = [name for name in names[np.argsort(-sizes, kind="stable")] if name not in covered]
    chosen = []
    for name in largest[:count]:
        rows = np.flatnonzero(clusters == name)
        chosen.append(int(part[rows[(features[rows] @ features[rows].mean(axis=0)).argmax()]]))
    rest = by_margin(pool, len(pool.features))
    return np.array([*chosen, *rest[~np.isin(rest, chosen)][: count - len(chosen)]], np.int64)


def by_information(pool: Pool, count: int) -> Positions:
    """The choice that `automl.labelling` makes: BAIT (Ash et al., 2021), the logits enlarged."""
    of_known = pool.probe.probabilities(pool.labelled)
    return queries.informative(pool.features, pool.labelled, pool.probabilities, of_known, count)


QUERIES: Sequence[tuple[str, Query]] = (
    ("at random", at_random),
    ("entropy", by_entropy),
    ("margin", by_margin),
    ("margin, spread", by_spread_margin),
    ("DropQuery", by_dropout),
    ("CLUE", by_weighted_clusters),
    ("BADGE", by_gradients),
    ("TypiClust", by_typicality),
    ("BAIT", by_information),
)
"""Every choice, with its name in the benchmark."""
