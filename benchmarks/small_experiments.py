"""Experiments on a few pictures of a real set, whose outcome on many other pictures is known.

Every row is a head on frozen features of one network, or of two side by side. Most rows answer for
all pictures by cross-validation; some, which imitate fine-tuned trials, are fitted to four fifths
of the pictures and answer for the last one. All folds of a head are fitted at once, and features
are rotated and cut once for a set, so that an experiment takes about a second.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import get_context
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from automl.dataset.preprocessing import softmax
from automl.evaluation.comparable_scores import Candidate
from automl.evaluation.predictions import Predictions
from benchmarks import frozen_features
from benchmarks.draws import num_folds
from benchmarks.frozen_features import NETWORKS, FrozenSet

T = TypeVar("T")

SIZES = (40, 80, 150, 300, 600, 1000, 2000)
_LEAST_TEST = 500
_MOST_TEST = 4000
_NUM_COMPONENTS = 160
_STEPS = 25
_PROCESSES = 2
_CONSTANT = 3.0
"""Feature that is the same for all pictures; large, so that the bias is hardly penalised."""

_Array = NDArray[np.float32]


def outcomes(
    set_names: Sequence[str], num_draws: Mapping[int, int], judge: "Callable[[SmallExperiment], T]"
) -> list[T]:
    """Judge every experiment, in two processes.

    Args:
        set_names: sets to draw from; those that are not there are left out.
        num_draws: experiments of each set, by their size.
        judge: a function that another process can import, or a partial of one.
    """
    of_set = functools.partial(_of_set, num_draws=num_draws, judge=judge)
    with get_context("spawn").Pool(_PROCESSES) as pool:
        return [one for some in pool.imap_unordered(of_set, set_names, 1) for one in some]


def _of_set(
    name: str, num_draws: Mapping[int, int], judge: "Callable[[SmallExperiment], T]"
) -> list[T]:
    frozen = frozen_features.load(name)
    if frozen is None:
        return []
    reduced = reduce(frozen)
    drawn = (draw(reduced, size, seed) for size, num in num_draws.items() for seed in range(num))
    return [judge(one) for one in drawn if one is not None]


class Row(NamedTuple):
    """One trial: what the experiment knows of it, and what comes true."""

    candidate: Candidate
    test: _Array
    """(T, K) answers of the model that would be handed out for the test pictures."""


class SmallExperiment(NamedTuple):
    """Rows of one draw."""

    set_name: str
    size: int
    rows: list[Row]
    test_labels: NDArray[np.int64]
    is_validation: NDArray[np.bool_]
    """(N,) the fifth that the rows without cross-validation answer for."""


class _Head(NamedTuple):
    method: str
    strength: float = 0.0

    def answers(
        self, features: _Array, labels: NDArray[np.int64], masks: _Array, asked: _Array
    ) -> tuple[_Array, _Array]:
        """Answers (F, N, K) of F fits to the pictures in masks (F, N), and of the last one (Q, K).

        Args:
            features: (N, D).
            labels: (N,).
            masks: which pictures each fit sees.
            asked: (Q, D) features of other pictures, for the last fit alone.
        """
        return _METHODS[self.method](features, labels, masks, asked, self.strength)


class Reduced(NamedTuple):
    """A set whose features are standardised and cut to their principal components."""

    name: str
    labels: NDArray[np.int64]
    features: dict[str, _Array]


def reduce(frozen: FrozenSet) -> Reduced:
    features = {name: _components(each) for name, each in frozen.features.items()}
    features["both"] = np.concatenate([features[name] for name in NETWORKS], axis=1)
    return Reduced(frozen.name, frozen.labels, features)


def _components(features: _Array) -> _Array:
    """(N, 160), half whitened so that few steps fit; from all pictures of a set alike."""
    scale = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(scale > 1e-6, scale, 1)
    values, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    values, vectors = values[-_NUM_COMPONENTS:], vectors[:, -_NUM_COMPONENTS:]
    return np.asarray(scaled @ vectors / np.sqrt(values + values.mean()), dtype=np.float32)


def draw(reduced: Reduced, size: int, seed: int) -> SmallExperiment | None:
    """An experiment on `size` pictures; None if too few are left to test it on."""
    rng = np.random.default_rng([size, seed])
    order = rng.permutation(len(reduced.labels))
    mine, test = order[:size], order[size : size + _MOST_TEST]
    if len(test) < _LEAST_TEST:
        return None
    labels = reduced.labels[mine]
    # classes that were not drawn are unknown to the experiment and in no test
    classes = np.unique(labels)
    if len(classes) < 2:
        return None
    test = test[np.isin(reduced.labels[test], classes)]
    labels = np.searchsorted(classes, labels)
    test_labels = np.searchsorted(classes, reduced.labels[test])
    is_validation = _folds(labels, 5, rng) == 0
    data = _Data(reduced, labels, mine, test)
    rows = [*_whole_rows(data, rng), *_partial_rows(data, is_validation, rng)]
    return SmallExperiment(reduced.name, size, rows, test_labels, is_validation)


class _Data(NamedTuple):
    """Pictures of one experiment."""

    reduced: Reduced
    labels: NDArray[np.int64]
    mine: NDArray[np.int64]
    """(N,) positions of the pictures with these labels."""

    test: NDArray[np.int64]
    """(T,) positions of the test pictures."""

    def features(self, name: str) -> tuple[_Array, _Array]:
        features = self.reduced.features[name]
        return features[self.mine], features[self.test]


def _whole_rows(data: _Data, rng: np.random.Generator) -> Iterator[Row]:
    labels = data.labels
    folds = num_folds(len(labels))
    fold_of = _folds(labels, folds, rng)
    masks = np.concatenate([fold_of != np.arange(folds)[:, None], np.ones((1, len(labels)))])
    masks = masks.astype(np.float32)
    everything = [(name, head) for name in NETWORKS for head in _HEADS]
    everything += [("both", head) for head in _HEADS if head.method == "logistic"]
    chosen = rng.permutation(len(everything))[: rng.integers(4, 13)]
    pairs = [(NETWORKS[0], _Head("majority")), *(everything[index] for index in chosen)]
    for name, head in pairs:
        features, asked = data.features(name)
        answers, of_test = head.answers(features, labels, masks, asked)
        own = answers[fold_of, np.arange(len(labels))]
        trial_id = f"{name} {head.method} {head.strength:g}"
        predictions = Predictions(np.arange(len(labels)), labels, own)
        yield Row(Candidate(trial_id, predictions, share=1 - 1 / folds), of_test)


def _partial_rows(
    data: _Data, is_validation: NDArray[np.bool_], rng: np.random.Generator
) -> Iterator[Row]:
    labels = data.labels
    is_refitted = bool(rng.integers(2))
    handed_out = np.ones(len(labels)) if is_refitted else ~is_validation
    masks = np.stack([~is_validation, handed_out]).astype(np.float32)
    validation = np.flatnonzero(is_validation)
    for index in rng.permutation(len(_TUNED))[: rng.integers(4)]:
        name, head = _TUNED[index]
        features, asked = data.features(name)
        answers, of_test = head.answers(features, labels, masks, asked)
        predictions = Predictions(validation, labels[validation], answers[0, validation])
        share = 0.8 if is_refitted else 1.0
        yield Row(Candidate(f"{name} tuned {head.strength:g}", predictions, share), of_test)


def _folds(labels: NDArray[np.int64], num: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(N,) fold of each picture, every class spread over the folds."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % num
    return folds


def _majority(
    _features: _Array, labels: NDArray[np.int64], masks: _Array, asked: _Array, _: float
) -> tuple[_Array, _Array]:
    shares = masks @ _one_hot(labels) / masks.sum(axis=1, keepdims=True)
    return np.repeat(shares[:, None], len(labels), axis=1), np.repeat(shares[-1:], len(asked), 0)


def _ridge(
    features: _Array, labels: NDArray[np.int64], masks: _Array, asked: _Array, strength: float
) -> tuple[_Array, _Array]:
    """Least squares on one-hot labels, penalised by a share of the features' variance."""
    targets, answers = _one_hot(labels), []
    for mask in masks:
        x, y = features[mask > 0], targets[mask > 0]
        centre, mean = x.mean(axis=0), y.mean(axis=0)
        x = x - centre
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += strength * np.trace(gram) / len(gram)
        weight = np.linalg.solve(gram, x.T @ (y - mean))
        answers.append(softmax(8 * ((features - centre) @ weight + mean)))
    return np.stack(answers), softmax(8 * ((asked - centre) @ weight + mean))


def _logistic(
    features: _Array, labels: NDArray[np.int64], masks: _Array, asked: _Array, strength: float
) -> tuple[_Array, _Array]:
    """Softmax regression of all fits at once, by Nesterov's accelerated gradient descent."""
    targets = _one_hot(labels)[:, None, :]
    num_fits, num_classes = len(masks), targets.shape[2]
    share = (masks / masks.sum(axis=1, keepdims=True)).T[:, :, None]
    x = _with_constant(features)
    rate = np.float32(1 / (0.5 * np.linalg.norm(x, 2) ** 2 / len(x) + strength))
    weight = ahead = np.zeros((x.shape[1], num_fits * num_classes), dtype=np.float32)
    for step in range(_STEPS):
        shares = softmax((x @ ahead).reshape(len(x), num_fits, num_classes))
        slope = x.T @ ((shares - targets) * share).reshape(len(x), -1)
        slope += np.float32(strength) * ahead
        last, weight = weight, ahead - rate * slope
        ahead = weight + np.float32(step / (step + 3)) * (weight - last)
    own = softmax((x @ weight).reshape(len(x), num_fits, num_classes)).transpose(1, 0, 2)
    return own, softmax(_with_constant(asked) @ weight[:, -num_classes:])


def _with_constant(features: _Array) -> _Array:
    constant = np.full((len(features), 1), _CONSTANT, dtype=np.float32)
    return np.concatenate([features, constant], axis=1)


def _neighbours(
    features: _Array, labels: NDArray[np.int64], masks: _Array, asked: _Array, number: float
) -> tuple[_Array, _Array]:
    """A vote of the most similar pictures, as in `automl.model.baselines`."""
    directions, targets = unit(features), _one_hot(labels)
    own = np.stack(
        [_votes(directions @ directions.T, mask, targets, int(number)) for mask in masks]
    )
    return own, _votes(unit(asked) @ directions.T, masks[-1], targets, int(number))


def _votes(similarity: _Array, mask: _Array, targets: _Array, number: int) -> _Array:
    allowed = np.where(mask > 0, similarity, np.float32(-10))
    number = min(number, int(mask.sum()))
    least = np.partition(allowed, len(mask) - number, axis=1)[:, [len(mask) - number]]
    weights = np.where(allowed >= least, np.exp((allowed - 1) / np.float32(0.07)), 0)
    votes = weights @ targets + np.float32(1e-4)
    return votes / votes.sum(axis=1, keepdims=True)


def _prototypes(
    features: _Array, labels: NDArray[np.int64], masks: _Array, asked: _Array, _: float
) -> tuple[_Array, _Array]:
    """The nearest class mean, by cosine similarity."""
    directions, targets = unit(features), _one_hot(labels)
    means = [unit(targets.T @ (mask[:, None] * directions)) for mask in masks]
    own = np.stack([softmax(10 * directions @ mean.T) for mean in means])
    return own, softmax(10 * unit(asked) @ means[-1].T)


def unit(rows: _Array) -> _Array:
    """Rows (N, D) of length 1."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _one_hot(labels: NDArray[np.int64]) -> _Array:
    return np.eye(int(labels.max()) + 1, dtype=np.float32)[labels]


_METHODS = {
    "majority": _majority,
    "ridge": _ridge,
    "logistic": _logistic,
    "neighbours": _neighbours,
    "prototypes": _prototypes,
}
_HEADS = (
    *(_Head("logistic", strength) for strength in (0.001, 0.01, 0.1)),
    *(_Head("ridge", strength) for strength in (0.3, 3.0)),
    *(_Head("neighbours", number) for number in (5, 20)),
    _Head("prototypes"),
)
_TUNED = [
    (name, _Head("logistic", strength))
    for name in (*NETWORKS, "both")
    for strength in (0.003, 0.03, 0.3)
]
