"""Metrics of a task with several labels a picture, under Azure's keys where Azure has them.

A metric with `differences` is a primary metric. `accuracy` is that of whole sets, and macro recall
over chance, whose chance is 0.5 for a decision of yes or no, becomes the mean informedness of the
labels. Metrics of decisions are those at a probability of 0.5. See `SetAnswers` for the labels
that averages leave out.

numpy is imported where it is used: the job file needs only the names.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from automl.evaluation.metric import Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.evaluation.set_answers import SetAnswers

    _ByLabel = Callable[[SetAnswers], NDArray[np.float64]]
    _Value = Callable[[SetAnswers], float]
    _Differences = Callable[[SetAnswers, SetAnswers], NDArray[np.float64]]

_AVERAGES = {
    "macro": "The plain mean over the labels.",
    "micro": "Over all pictures and labels at once.",
    "weighted": "The mean over the labels, weighted by their number of pictures.",
}


def _iou_differences(first: "SetAnswers", second: "SetAnswers") -> "NDArray[np.float64]":
    return (first.overlaps - second.overlaps) / len(first.labels)


def _accuracy_differences(first: "SetAnswers", second: "SetAnswers") -> "NDArray[np.float64]":
    import numpy as np

    return np.subtract(first.is_right, second.is_right, dtype=np.float64) / len(first.labels)


def _informedness_differences(first: "SetAnswers", second: "SetAnswers") -> "NDArray[np.float64]":
    import numpy as np

    ranked = first.is_ranked
    truth = first.labels[:, ranked]
    changed = np.subtract(first.predicted, second.predicted, dtype=np.float64)[:, ranked]
    weights = np.where(truth, 1 / first.support[ranked], -1 / (~truth).sum(axis=0))
    return np.asarray((changed * weights).sum(axis=1) / max(1, int(ranked.sum())))


def _precision_differences(first: "SetAnswers", second: "SetAnswers") -> "NDArray[np.float64]":
    """Half the change of the difference when the two trials swap their answers for a picture."""
    return (_precision_change(second, first) - _precision_change(first, second)) / 2


def _precision_change(answers: "SetAnswers", others: "SetAnswers") -> "NDArray[np.float64]":
    """(N,) change of the weighted precision by taking over one picture's answer of the others."""
    import numpy as np

    old, new, truth = answers.predicted, others.predicted, answers.labels
    guesses = answers.guesses - old + new
    hits = answers.hits - (old & truth) + (new & truth)
    change = hits / np.maximum(guesses, 1) - answers.precisions
    return np.asarray(change @ (answers.support / max(1, int(answers.support.sum()))))


def _log_loss(answers: "SetAnswers") -> float:
    from automl.evaluation import decisions

    return float(-decisions.log_likelihood(answers.probabilities, answers.labels).mean())


def _balanced_accuracy(answers: "SetAnswers") -> float:
    return (1 + answers.macro(answers.informedness)) / 2


def _matthews_correlation(answers: "SetAnswers") -> float:
    """The correlation of all N * K decisions with the truth; 0 if either is always the same."""
    import numpy as np

    total = answers.labels.size
    truth, guessed = answers.support.sum() / total, answers.guesses.sum() / total
    spread = np.sqrt(truth * (1 - truth) * guessed * (1 - guessed))
    return float((answers.hits.sum() / total - truth * guessed) / spread) if spread else 0.0


def _weighted_accuracy(answers: "SetAnswers") -> float:
    return answers.weighted(1 - _num_wrong(answers) / len(answers.labels))


def _hamming_loss(answers: "SetAnswers") -> float:
    return float(_num_wrong(answers).sum() / answers.labels.size)


def _num_wrong(answers: "SetAnswers") -> "NDArray[np.int64]":
    """(K,) number of pictures with a wrong decision on each label."""
    return answers.support + answers.guesses - 2 * answers.hits


def _coverage_error(answers: "SetAnswers") -> float:
    """Tsoumakas, Katakis and Vlahavas, Mining Multi-label Data, 2010; 0 for an empty set."""
    import numpy as np

    deepest = np.zeros(len(answers.labels))
    np.maximum.at(deepest, answers.ranks.pictures, answers.ranks.reached)
    return float(deepest.mean())


def _ranking_loss(answers: "SetAnswers") -> float:
    """The same book; a tie is an error, and a picture with all labels or none has no loss."""
    import numpy as np

    num_pictures, num_labels = answers.labels.shape
    pictures, reached, hits = answers.ranks
    num_true = np.bincount(pictures, minlength=num_pictures)
    num_wrong = np.bincount(pictures, reached - hits, minlength=num_pictures)
    return float((num_wrong / np.maximum(num_true * (num_labels - num_true), 1)).mean())


def _micro_ratio(whole: "Callable[[SetAnswers], NDArray[np.int64]]", factor: int = 1) -> "_Value":
    return lambda answers: float(factor * answers.hits.sum() / max(1, int(whole(answers).sum())))


def _micro_area(answers: "SetAnswers") -> float:
    return answers.pooled.under_roc


def _micro_average_precision(answers: "SetAnswers") -> float:
    return answers.pooled.average_precision


def _family(  # noqa: PLR0913
    base: str,
    name: str,
    explanation: str,
    by_label: "_ByLabel",
    micro: "_Value",
    weighted_differences: "_Differences | None" = None,
    *,
    has_thresholds: bool = True,
) -> tuple[Metric, ...]:
    """The macro, micro and weighted average of a metric of one label."""

    def metric(average: str, value: "_Value", differences: "_Differences | None" = None) -> Metric:
        text = f"{explanation} {_AVERAGES[average]}"
        return Metric(
            f"{base}_{average}",
            f"{average} {name}",
            text,
            value,
            differences,
            has_thresholds=has_thresholds,
        )

    return (
        metric("macro", lambda answers: answers.macro(by_label(answers))),
        metric("micro", micro),
        metric(
            "weighted", lambda answers: answers.weighted(by_label(answers)), weighted_differences
        ),
    )


ALL = (
    Metric(
        "iou",
        "IoU",
        "Intersection over union of the true and the predicted labels of a picture, on average.",
        lambda answers: float(answers.overlaps.mean()),
        _iou_differences,
        has_thresholds=True,
    ),
    *_family(
        "iou",
        "IoU",
        "Share of the pictures that have a label and are predicted to have it, among those with "
        "either.",
        lambda answers: answers.jaccards,
        _micro_ratio(lambda answers: answers.guesses + answers.support - answers.hits),
    ),
    Metric(
        "accuracy",
        "accuracy of whole sets",
        "Share of the pictures for which exactly the true labels are predicted.",
        lambda answers: float(answers.is_right.mean()),
        _accuracy_differences,
        has_thresholds=True,
    ),
    Metric(
        "hamming_loss",
        "Hamming loss",
        "Share of wrong decisions among all decisions for a picture and a label; lower is better.",
        _hamming_loss,
        is_higher_better=False,
        has_thresholds=True,
    ),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        "Mean over the labels of the share of right decisions, with as much weight on the pictures "
        "that have the label as on the others.",
        _balanced_accuracy,
        has_thresholds=True,
    ),
    Metric(
        "norm_macro_recall",
        "macro recall over chance",
        "Balanced accuracy on a scale where guessing is 0 and a perfect model is 1.",
        lambda answers: answers.macro(answers.informedness),
        _informedness_differences,
        has_thresholds=True,
    ),
    Metric(
        "weighted_accuracy",
        "weighted accuracy",
        "Share of right decisions by label, weighted by the number of pictures with the label.",
        _weighted_accuracy,
        has_thresholds=True,
    ),
    Metric(
        "matthews_correlation",
        "Matthews correlation",
        "Correlation between true and predicted labels over all decisions: 1 is perfect, 0 is "
        "chance.",
        _matthews_correlation,
        has_thresholds=True,
    ),
    Metric(
        "log_loss",
        "log loss",
        "Mean negative logarithm of the probability of the right decision, in nats; lower is "
        "better.",
        _log_loss,
        is_higher_better=False,
    ),
    Metric(
        "coverage_error",
        "coverage error",
        "Number of most probable labels that are needed to include all true ones; lower is better.",
        _coverage_error,
        is_higher_better=False,
    ),
    Metric(
        "ranking_loss",
        "ranking loss",
        "Share of the pairs of a true and another label in the wrong order; lower is better.",
        _ranking_loss,
        is_higher_better=False,
    ),
    *_family(
        "precision_score",
        "precision",
        "Share of the pictures predicted to have a label that have it.",
        lambda answers: answers.precisions,
        _micro_ratio(lambda answers: answers.guesses),
        _precision_differences,
    ),
    *_family(
        "recall_score",
        "recall",
        "Share of the pictures with a label that are predicted to have it.",
        lambda answers: answers.recalls,
        _micro_ratio(lambda answers: answers.support),
    ),
    *_family(
        "f1_score",
        "F1",
        "Harmonic mean of precision and recall.",
        lambda answers: answers.f1_scores,
        _micro_ratio(lambda answers: answers.guesses + answers.support, 2),
    ),
    *_family(
        "auc",
        "AUC",
        "Area under the ROC curve: how often a picture with a label gets a higher probability of "
        "it than one without.",
        lambda answers: answers.areas,
        _micro_area,
        lambda first, second: first.area_shares - second.area_shares,
        has_thresholds=False,
    ),
    *_family(
        "average_precision_score",
        "average precision",
        "Mean precision over all thresholds of the probability of a label.",
        lambda answers: answers.average_precisions,
        _micro_average_precision,
        lambda first, second: first.precision_shares - second.precision_shares,
        has_thresholds=False,
    ),
)
"""All of them, the primary one of a job that names none first."""
