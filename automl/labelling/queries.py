"""Choices of pictures to label, on frozen features. Pure.

Each returns positions of as many pictures as are wanted, the most telling first.
`benchmarks/label_next.py` compares the choices of telling pictures with others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl.evaluation.decisions import THRESHOLD

Positions = NDArray[np.int64]

MOST_CLUSTERED = 4_000
"""Pictures that clusters are found in: of more a random choice, so that it takes a second."""

_CANDIDATES_EACH = 10
"""Uncertain pictures of which one is chosen by its difference from the others."""

_MOST_CANDIDATES = 0.25
"""Largest share of the pictures that are candidates."""

_NUM_COMPONENTS, _RIDGE, _LEAST_INFORMATION, _SHARPNESS = 192, 0.01, 0.05, 1.5
"""Settings of BAIT: principal components, ridge, information of a picture with a label, and a
factor on the logits of the probe, with which fewer labels do (`benchmarks/label_next.py`)."""


def informative(
    features: NDArray[np.float32],
    known: NDArray[np.float32],
    probabilities: NDArray[np.float32],
    of_known: NDArray[np.float32],
    count: int,
) -> Positions:
    """BAIT (Ash et al., Gone Fishing, 2021) with one weight for all classes: each picture lowers
    most what the probe does not know about all pictures, by their Fisher information.

    Args:
        features: (N, D) of pictures without a label.
        known: (L, D) of those with one.
        probabilities: (N, K) of a probe that is fitted to the known ones.
        of_known: (L, K) of the same probe.
        count: of the pictures.
    """
    asked, seen_before = _components(features, known)
    unsureness = _unsureness(probabilities)
    told = np.maximum(_unsureness(of_known), _LEAST_INFORMATION)
    whole = (asked * unsureness[:, None]).T @ asked / len(asked)
    information = (seen_before * told[:, None]).T @ seen_before
    inverse = np.linalg.inv(information + _RIDGE * np.eye(len(information)))
    seen = asked @ inverse
    gain, own = ((seen @ whole) * seen).sum(axis=1), (seen * asked).sum(axis=1)
    chosen: list[int] = []
    for _ in range(min(count, len(asked))):
        scores = unsureness * gain / (1 + unsureness * own)
        scores[chosen] = -1
        best = int(scores.argmax())
        chosen.append(best)
        # Sherman and Morrison: the inverse with this picture, and all that depends on it
        row = inverse @ asked[best]
        share = unsureness[best] / (1 + unsureness[best] * own[best])
        effect = whole @ row
        common, lost = asked @ row, asked @ (inverse @ effect)
        gain += share * common * (share * (row @ effect) * common - 2 * lost)
        own -= share * common**2
        inverse -= share * np.outer(row, row)
    return np.array(chosen, np.int64)


def _unsureness(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,): how probably two answers at random differ, from sharpened rows (N, K)."""
    sharp = probabilities**_SHARPNESS
    return np.asarray(1 - (sharp**2).sum(axis=1) / sharp.sum(axis=1) ** 2)


def unsure(
    features: NDArray[np.float32], sureness: NDArray[np.float32], count: int, seed: int
) -> Positions:
    """One picture of each cluster of those that a probe is least sure of.

    Args:
        features: (N, D) of pictures without a label.
        sureness: (N,) of a probe that is fitted to those with one, as `margins`.
        count: of the pictures.
        seed: of the clusters.
    """
    most = int(_MOST_CANDIDATES * len(features))
    wanted = max(count, min(_CANDIDATES_EACH * count, most))
    candidates = np.argsort(sureness, kind="stable")[:wanted]
    return candidates[central(features[candidates], count, seed)]


def margins(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,): difference of the two highest probabilities of each row (N, K)."""
    if probabilities.shape[1] < 2:
        return probabilities[:, 0]
    highest = np.partition(probabilities, -2, axis=1)[:, -2:]
    return highest[:, 1] - highest[:, 0]


def margins_of_sets(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,): difference of each row (N, K) from the threshold, that of the label nearest to it."""
    nearest: NDArray[np.float32] = np.abs(probabilities - THRESHOLD).min(axis=1)
    return nearest


def central(
    features: NDArray[np.float32],
    count: int,
    seed: int,
    *,
    weights: NDArray[np.float32] | None = None,
) -> Positions:
    """Positions of the pictures nearest to the centres of clusters, of the largest cluster first.

    Args:
        features: (N, D).
        count: of the clusters; with no more pictures than that all are returned.
        seed: of the clusters, and of the choice that they are found in.
        weights: (N,) of the pictures; all weigh the same if left out.
    """
    if len(features) <= count:
        return np.arange(len(features))
    rng = np.random.default_rng(seed)
    part = rng.permutation(len(features))[: max(MOST_CLUSTERED, count)]
    weights = np.ones(len(features), np.float32) if weights is None else weights
    found = clusters(directions(features[part]), count, seed, weights[part])
    sizes = np.bincount(found.labels, weights[part], minlength=count)
    chosen: list[int] = []
    for cluster in np.argsort(-sizes, kind="stable"):
        rows = np.flatnonzero(found.labels == cluster)
        if len(rows):
            nearest = (directions(features[part[rows]]) @ found.centres[cluster]).argmax()
            chosen.append(int(part[rows[nearest]]))
    rest = np.setdiff1d(part, chosen)[: count - len(chosen)]  # equal pictures leave clusters empty
    return np.array([*chosen, *rest], np.int64)


@dataclass(frozen=True)
class Clusters:
    """labels: (N,) cluster of each picture; centres: (count, D)."""

    labels: Positions
    centres: NDArray[np.float32]


def clusters(
    features: NDArray[np.float32],
    count: int,
    seed: int,
    weights: NDArray[np.float32] | None = None,
) -> Clusters:
    """Clusters of pictures by k-means."""
    from sklearn.cluster import KMeans

    distinct = len(np.unique(features, axis=0))
    means = KMeans(min(count, distinct), n_init=1, max_iter=20, random_state=seed)
    fit = means.fit(features, sample_weight=weights)
    return Clusters(fit.labels_.astype(np.int64), fit.cluster_centers_)


def directions(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (N, D) with length 1."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), np.float32)


def _components(
    features: NDArray[np.float32], known: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, R) and (L, R) principal components, with a mean square length of about 1."""
    from scipy.linalg import eigh

    rows = np.concatenate([known, features])
    rows = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-6)
    part = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_CLUSTERED)).astype(np.int64)]
    products = part.T @ part / len(part)
    last = len(products) - 1
    _, axes = eigh(products, subset_by_index=(max(0, last + 1 - _NUM_COMPONENTS), last))
    rows = (rows @ axes / np.sqrt(products.trace())).astype(np.float64)
    return rows[len(known) :], rows[: len(known)]
