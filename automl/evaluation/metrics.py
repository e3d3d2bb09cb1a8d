"""Every metric of a classifier: its key, its name for people, its explanation and its formula.

A metric is added here and nowhere else: a `Metric` in `_SINGLE` or a family in `_FAMILIES`; a
metric with `differences` is a primary metric, which a job may optimise. Keys and
formulas are those of Azure's AutoML for images. Classes that do not occur in the labels are left
out of macro averages. With two classes there are `_binary` metrics of the second class as well.

numpy is imported where it is used: the job file needs only the names. scikit-learn has some of the
metrics, but its import would take a second of the first row's time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from automl.evaluation import set_metrics
from automl.evaluation.metric import Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl.evaluation.scored_answers import Average, ScoredAnswers
    from automl.evaluation.set_answers import SetAnswers

Task = Literal["image_classification", "image_classification_multilabel"]

MULTILABEL: Task = "image_classification_multilabel"


def classification_metrics(
    probabilities: "NDArray[np.floating]", labels: "NDArray[Any]"
) -> dict[str, float]:
    """All metrics from probabilities (N, K) and what is true.

    Every metric is NaN if a probability is not finite; areas are NaN for labels of one class.

    Args:
        probabilities: of the classes, rows summing to 1; or of several labels, each by itself.
        labels: class indices (N,); or the labels of each picture (N, K), True where it has one.
    """
    answers = answers_for(probabilities, labels)
    names = metric_names(answers.num_classes, task_of(labels))
    if not answers.is_finite:
        return dict.fromkeys(names, float("nan"))
    metrics = METRICS_OF_TASK[task_of(labels)]
    return {name: metrics[name].value(answers) for name in names}


def answers_for(
    probabilities: "NDArray[np.floating]", labels: "NDArray[Any]"
) -> "ScoredAnswers | SetAnswers":
    """Prepare the input of metrics; arguments as for `classification_metrics`."""
    if task_of(labels) == MULTILABEL:
        from automl.evaluation.set_answers import SetAnswers

        return SetAnswers(probabilities, labels)
    from automl.evaluation.scored_answers import ScoredAnswers

    return ScoredAnswers(probabilities, labels)


def task_of(labels: "NDArray[Any]") -> Task:
    """The task whose labels have this shape: one index a picture, or a row of them."""
    return "image_classification" if labels.ndim == 1 else MULTILABEL


def metric_names(num_classes: int, task: Task = "image_classification") -> list[str]:
    """Keys of everything `classification_metrics` returns."""
    return [
        metric.key
        for metric in METRICS_OF_TASK[task].values()
        if num_classes == 2 or not metric.needs_two_classes
    ]


def primary_metrics(task: Task) -> tuple[str, ...]:
    """Keys of the metrics that a job of this task may optimise; all are maximised."""
    return tuple(key for key, metric in METRICS_OF_TASK[task].items() if metric.is_primary)


def primary(
    name: str,
    probabilities: "NDArray[np.floating]",
    labels: "NDArray[Any]",
) -> float:
    """Value of one metric by its key; NaN if a probability is not finite."""
    return value(name, answers_for(probabilities, labels))


def value(name: str, answers: "ScoredAnswers | SetAnswers") -> float:
    """Value of one metric by its key; NaN if a probability is not finite."""
    metric = METRICS_OF_TASK[task_of(answers.labels)][name]
    return metric.value(answers) if answers.is_finite else float("nan")


def differences(
    name: str, first: "ScoredAnswers | SetAnswers", second: "ScoredAnswers | SetAnswers"
) -> "NDArray[np.float64]":
    """(N,) contributions of the pictures to the difference of a primary metric."""
    compared = METRICS_OF_TASK[task_of(first.labels)][name].differences
    assert compared is not None, f"{name} is no primary metric"
    return compared(first, second)


def _accuracy(answers: "ScoredAnswers") -> float:
    return float(answers.is_right.mean())


def _accuracy_differences(first: "ScoredAnswers", second: "ScoredAnswers") -> "NDArray[np.float64]":
    import numpy as np

    return np.subtract(first.is_right, second.is_right, dtype=np.float64) / len(first.labels)


def _balanced_accuracy(answers: "ScoredAnswers") -> float:
    return answers.average(answers.recalls, "macro")


def _macro_recall_over_chance(answers: "ScoredAnswers") -> float:
    chance = 1 / len(answers.present)
    balanced = _balanced_accuracy(answers)
    return (balanced - chance) / (1 - chance) if chance < 1 else balanced


def _macro_recall_differences(
    first: "ScoredAnswers", second: "ScoredAnswers"
) -> "NDArray[np.float64]":
    import numpy as np

    chance = 1 / len(first.present)
    share = chance / first.support[first.labels] / (1 - chance if chance < 1 else 1)
    return np.asarray(share * np.subtract(first.is_right, second.is_right, dtype=np.float64))


def _weighted_accuracy(answers: "ScoredAnswers") -> float:
    return float((answers.support * answers.hits).sum() / (answers.support**2).sum())


def _matthews_correlation(answers: "ScoredAnswers") -> float:
    """The correlation of K classes (Gorodkin, 2004); 0 if one of the two is always the same."""
    import numpy as np

    total = float(len(answers.labels))
    support, guesses = answers.support.astype(float), answers.guesses.astype(float)
    spread = (total**2 - support @ support) * (total**2 - guesses @ guesses)
    both = total * answers.hits.sum() - support @ guesses
    return float(both / np.sqrt(spread)) if spread else 0.0


def _log_loss(answers: "ScoredAnswers") -> float:
    import numpy as np

    likely = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    least = np.finfo(likely.dtype).eps
    return float(-np.log(np.clip(likely, least, 1 - least)).mean())


def _precision_differences(
    first: "ScoredAnswers", second: "ScoredAnswers"
) -> "NDArray[np.float64]":
    """Half the change of the difference when the two trials swap their answers for a picture.

    Unlike a derivative this stays right for a class that one of the two never predicts.
    """
    return (_precision_change(second, first) - _precision_change(first, second)) / 2


def _precision_change(
    answers: "ScoredAnswers", replacements: "ScoredAnswers"
) -> "NDArray[np.float64]":
    """Change of the weighted precision of `answers` by replacing its answer for one picture.

    The predicted class of the picture loses one prediction, and the class that `replacements`
    has for it gains one. (N,), one value for each picture.
    """
    import numpy as np

    old, new = answers.predicted, replacements.predicted
    left = answers.guesses[old] - 1
    precision_left = (answers.hits[old] - answers.is_right) / np.maximum(left, 1)
    precision_then = (answers.hits[new] + replacements.is_right) / (answers.guesses[new] + 1)
    weights = answers.support / len(answers.labels)
    lost = weights[old] * (precision_left - answers.precisions[old])
    gained = weights[new] * (precision_then - answers.precisions[new])
    return np.where(old == new, 0.0, lost + gained)


_SINGLE = (
    Metric(
        "accuracy",
        "accuracy",
        "Share of the pictures whose most probable class is the true one.",
        _accuracy,
        _accuracy_differences,
    ),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        "Mean of the recalls of the classes, so that small classes count as much as large ones.",
        _balanced_accuracy,
    ),
    Metric(
        "norm_macro_recall",
        "macro recall over chance",
        "Balanced accuracy on a scale where guessing is 0 and a perfect model is 1.",
        _macro_recall_over_chance,
        _macro_recall_differences,
    ),
    Metric(
        "weighted_accuracy",
        "weighted accuracy",
        "Accuracy with every picture weighted by the size of its class.",
        _weighted_accuracy,
    ),
    Metric(
        "matthews_correlation",
        "Matthews correlation",
        "Correlation between true and predicted classes: 1 is perfect, 0 is chance.",
        _matthews_correlation,
    ),
    Metric(
        "log_loss",
        "log loss",
        "Mean negative logarithm of the probability of the true class, in nats; lower is better.",
        _log_loss,
        is_higher_better=False,
    ),
)


def _pooled_accuracy(answers: "ScoredAnswers") -> float:
    """Micro precision, recall and F1: with one answer for each picture all three are accuracy."""
    return _accuracy(answers)


def _pooled_area(answers: "ScoredAnswers") -> float:
    return answers.pooled.under_roc


def _pooled_average_precision(answers: "ScoredAnswers") -> float:
    return answers.pooled.average_precision


@dataclass(frozen=True)
class _Family:
    """A metric of one class against the rest, averaged over the classes in several ways."""

    base: str
    name: str
    explanation: str
    by_class: "Callable[[ScoredAnswers], NDArray[np.float64]]"
    micro: "Callable[[ScoredAnswers], float]"
    differences: "Mapping[str, Callable[[ScoredAnswers, ScoredAnswers], NDArray[np.float64]]]"
    """By average, for those that a job may optimise."""

    def metrics(self) -> list[Metric]:
        return [self._metric(average) for average in ("macro", "micro", "weighted", "binary")]

    def _metric(self, average: "Average") -> Metric:
        return Metric(
            f"{self.base}_{average}",
            f"{average} {self.name}",
            f"{self.explanation} {_AVERAGES[average]}",
            self.micro
            if average == "micro"
            else lambda answers: answers.average(self.by_class(answers), average),
            self.differences.get(average),
            needs_two_classes=average == "binary",
        )


_AVERAGES = {
    "macro": "The plain mean over the classes.",
    "micro": "Over all pictures and classes at once.",
    "weighted": "The mean over the classes, weighted by their number of pictures.",
    "binary": "For the second class.",
}
_FAMILIES = (
    _Family(
        "precision_score",
        "precision",
        "Share of the pictures predicted as a class that belong to it.",
        lambda answers: answers.precisions,
        _pooled_accuracy,
        {"weighted": _precision_differences},
    ),
    _Family(
        "recall_score",
        "recall",
        "Share of the pictures of a class that are predicted as it.",
        lambda answers: answers.recalls,
        _pooled_accuracy,
        {},
    ),
    _Family(
        "f1_score",
        "F1",
        "Harmonic mean of precision and recall.",
        lambda answers: answers.f1_scores,
        _pooled_accuracy,
        {},
    ),
    _Family(
        "auc",
        "AUC",
        "Area under the ROC curve: how often a picture of a class gets a higher probability of it "
        "than another picture.",
        lambda answers: answers.areas,
        _pooled_area,
        {"weighted": lambda first, second: first.area_shares - second.area_shares},
    ),
    _Family(
        "average_precision_score",
        "average precision",
        "Mean precision over all thresholds of the probability of a class.",
        lambda answers: answers.average_precisions,
        _pooled_average_precision,
        {"weighted": lambda first, second: first.precision_shares - second.precision_shares},
    ),
)
METRICS_OF_TASK: dict[Task, dict[str, Metric]] = {
    "image_classification": {
        metric.key: metric
        for metric in (
            *_SINGLE,
            *(metric for family in _FAMILIES for metric in family.metrics()),
        )
    },
    MULTILABEL: {metric.key: metric for metric in set_metrics.ALL},
}
"""By the task of a job and the key; the place where another task's metrics are chosen."""

METRICS = METRICS_OF_TASK["image_classification"]


def named(key: str) -> Metric | None:
    """The metric of a key in any task, for its name; None for one of another version."""
    return next((known[key] for known in METRICS_OF_TASK.values() if key in known), None)


def is_higher_better(key: str) -> bool:
    """True also for a metric of another version."""
    known = named(key)
    return known is None or known.is_higher_better
