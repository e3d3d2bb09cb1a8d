"""Every number we give a classifier, from probabilities and labels. One definition each.

Names and formulas are those of Azure's AutoML for images. Classes that do not occur in the
labels are left out of macro averages, since nothing is known about them. With two classes there
are `_binary` metrics as well, of the second class.

scikit-learn is imported where it is used: the engine's main process and the pages want the names
and the accuracy alone, and the import takes seconds.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

PRIMARY_METRICS = {
    "accuracy": "Accuracy",
    "auc_weighted": "AUC, weighted",
    "norm_macro_recall": "Macro recall over chance",
    "average_precision_score_weighted": "Average precision, weighted",
    "precision_score_weighted": "Precision, weighted",
}
"""Job key -> title; always maximised."""

_AVERAGES = ("macro", "micro", "weighted")
_MANY_PROBABILITIES = 20_000
"""Beyond, 1,000 sortings take longer than the interval is worth."""


def classification_metrics(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer]
) -> dict[str, float]:
    """All metrics from probabilities (N, K), rows summing to 1, and true class indices (N,)."""
    if not np.isfinite(probabilities).all():
        return dict.fromkeys(metric_names(probabilities.shape[1]), float("nan"))
    from sklearn.metrics import log_loss, matthews_corrcoef

    num_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    present = np.unique(labels)
    correct = predicted == labels
    support = np.bincount(labels, minlength=num_classes)
    hits = np.bincount(labels[correct], minlength=num_classes)
    balanced, over_chance = _recalls(predicted, labels)
    metrics = {
        "accuracy": float(correct.mean()),
        "balanced_accuracy": balanced,
        "norm_macro_recall": over_chance,
        "weighted_accuracy": float((support * hits).sum() / (support**2).sum()),
        "matthews_correlation": float(matthews_corrcoef(labels, predicted)),
        "log_loss": float(log_loss(labels, probabilities, labels=np.arange(num_classes))),
    }
    metrics.update(_threshold_metrics(predicted, labels, present))
    metrics.update(_ranking_metrics(probabilities, labels, present))
    if num_classes == 2:
        metrics.update(_binary_metrics(probabilities, predicted, labels))
    return metrics


def metric_names(num_classes: int) -> list[str]:
    """Names of everything `classification_metrics` returns."""
    averages = (*_AVERAGES, "binary") if num_classes == 2 else _AVERAGES
    plain = ["accuracy", "balanced_accuracy", "norm_macro_recall", "weighted_accuracy"]
    plain += ["matthews_correlation", "log_loss"]
    bases = ("precision_score", "recall_score", "f1_score", "auc", "average_precision_score")
    return plain + [f"{base}_{average}" for base in bases for average in averages]


def primary(name: str, probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """One primary metric by its job key."""
    if name == "accuracy":  # by far the most used
        return float((probabilities.argmax(axis=1) == labels).mean())
    if not np.isfinite(probabilities).all():
        return float("nan")
    if name in _AREAS:
        return _weighted_area(_AREAS[name], probabilities, labels)
    predicted = probabilities.argmax(axis=1)
    if name == "norm_macro_recall":
        return _recalls(predicted, labels)[1]
    if name == "precision_score_weighted":
        return _weighted_precision(predicted, labels, probabilities.shape[1])
    return classification_metrics(probabilities, labels)[name]


def bootstrap_interval(
    name: str,
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a primary metric over the pictures.

    1,000 resamples; 100 of more than 20,000 probabilities, but for accuracy. Where all answers
    are right, or all wrong, every resample is the same and says nothing: then the interval is the
    exact one (Clopper and Pearson, 1934) for accuracy, and (NaN, NaN) for other metrics.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    rng = np.random.default_rng(seed)
    if name == "accuracy":
        correct = int((probabilities.argmax(axis=1) == labels).sum())
        least = 0.025 ** (1 / len(labels))
        if correct == len(labels):
            return least, 1.0
        if correct == 0:
            return 0.0, 1 - least
        scores = rng.binomial(len(labels), correct / len(labels), size=1000) / len(labels)
    else:
        count = 100 if probabilities.size > _MANY_PROBABILITIES else 1000
        draws = (rng.integers(len(labels), size=len(labels)) for _ in range(count))
        scores = np.array([primary(name, probabilities[draw], labels[draw]) for draw in draws])
    low, high = np.nanpercentile(scores, [2.5, 97.5])
    return (float(low), float(high)) if low < high else (float("nan"), float("nan"))


def _recalls(predicted: NDArray[np.integer], labels: NDArray[np.integer]) -> tuple[float, float]:
    """Mean recall of the classes, and how far it is from chance (0) to perfect (1)."""
    support = np.bincount(labels)
    hits = np.bincount(labels[predicted == labels], minlength=len(support))
    present = support > 0
    balanced = float((hits[present] / support[present]).mean())
    chance = 1 / int(present.sum())
    return balanced, (balanced - chance) / (1 - chance) if chance < 1 else balanced


def _weighted_precision(
    predicted: NDArray[np.integer], labels: NDArray[np.integer], num_classes: int
) -> float:
    """Mean precision of the classes by their size; 0 for one that was never the answer."""
    given = np.bincount(predicted, minlength=num_classes)
    hits = np.bincount(labels[predicted == labels], minlength=num_classes)
    shares = np.bincount(labels, minlength=num_classes) / len(labels)
    return float((shares * hits / np.maximum(given, 1)).sum())


def _weighted_area(
    area: Callable[..., NDArray[np.float64]],
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
) -> float:
    """Mean area of the classes by their size; NaN for labels of one class."""
    present, sizes = np.unique(labels, return_counts=True)
    if len(present) < 2:
        return float("nan")
    return float(np.average(area(probabilities, labels, present), weights=sizes))


def _areas(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], present: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Area under the ROC curve of each class against the rest, by the ranks of the probabilities
    (Mann and Whitney, 1947): all classes at once, and without the checks a call makes."""
    from scipy.stats import rankdata

    ranks = rankdata(probabilities[:, present], axis=0)
    truth = labels[:, None] == present
    inside = truth.sum(axis=0)
    above = (ranks * truth).sum(axis=0) - inside * (inside + 1) / 2
    areas: NDArray[np.float64] = above / (inside * (len(labels) - inside))
    return areas


def _average_precisions(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], present: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Average precision of each class against the rest, as scikit-learn has it, but without the
    checks a call makes."""
    found = []
    for index in present:
        scores = probabilities[:, index]
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # equal ones come together
        hits = np.cumsum(labels[order] == index)[ends]
        gained = np.diff(hits, prepend=0) / hits[-1]
        found.append((gained * hits / (ends + 1)).sum())
    return np.array(found)


_AREAS = {"auc_weighted": _areas, "average_precision_score_weighted": _average_precisions}


def _threshold_metrics(
    predicted: NDArray[np.integer], labels: NDArray[np.integer], present: NDArray[np.integer]
) -> dict[str, float]:
    """Precision, recall and F1: these look at the predicted class only."""
    from sklearn.metrics import precision_recall_fscore_support

    metrics = {}
    for average in _AVERAGES:
        classes = present if average == "macro" else None
        precision, recall, f1, _ = precision_recall_fscore_support(
            labels, predicted, labels=classes, average=average, zero_division=0.0
        )
        metrics[f"precision_score_{average}"] = float(precision)
        metrics[f"recall_score_{average}"] = float(recall)
        metrics[f"f1_score_{average}"] = float(f1)
    return metrics


def _binary_metrics(
    probabilities: NDArray[np.floating],
    predicted: NDArray[np.integer],
    labels: NDArray[np.integer],
) -> dict[str, float]:
    """Those of the second class alone."""
    from sklearn.metrics import (
        average_precision_score,
        precision_recall_fscore_support,
        roc_auc_score,
    )

    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predicted, labels=[1], average="macro", zero_division=0.0
    )
    is_defined = len(np.unique(labels)) == 2
    truth, scores = labels == 1, probabilities[:, 1]
    return {
        "precision_score_binary": float(precision),
        "recall_score_binary": float(recall),
        "f1_score_binary": float(f1),
        "auc_binary": float(roc_auc_score(truth, scores)) if is_defined else float("nan"),
        "average_precision_score_binary": (
            float(average_precision_score(truth, scores)) if is_defined else float("nan")
        ),
    }


def _ranking_metrics(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], present: NDArray[np.integer]
) -> dict[str, float]:
    """Area under ROC and average precision, one class against the rest, then averaged."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    weights = np.array([(labels == index).mean() for index in present])
    metrics = {}
    scorers: dict[str, Callable[..., float]] = {
        "auc": roc_auc_score,
        "average_precision_score": average_precision_score,
    }
    truth = labels[:, None] == np.arange(probabilities.shape[1])
    for base, scorer in scorers.items():
        if len(present) < 2:  # no negatives: the area is not defined
            metrics.update({f"{base}_{average}": float("nan") for average in _AVERAGES})
            continue
        if base == "auc":
            per_class = _areas(probabilities, labels, present)
        else:
            per_class = np.array([scorer(truth[:, k], probabilities[:, k]) for k in present])
        metrics[f"{base}_macro"] = float(per_class.mean())
        metrics[f"{base}_weighted"] = float((per_class * weights).sum())
        metrics[f"{base}_micro"] = float(scorer(truth.ravel(), probabilities.ravel()))
    return metrics
