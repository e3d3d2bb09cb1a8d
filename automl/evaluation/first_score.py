"""The score of a simple model before any search, and what it shows about the data. Pure.

The model is a linear probe on frozen features. Every picture was answered for by a probe of the
other folds, so that the answers say something about the labels too. One label a picture is counted
as a set of one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import (
    comparable_scores,
    confusion,
    decisions,
    doubtful_labels,
    expected_score,
    label_matrices,
    metrics,
    picture_groups,
    significance,
)
from automl.evaluation.comparable_scores import Candidate
from automl.evaluation.counted_answers import CountedAnswers
from automl.evaluation.doubtful_labels import Suspect
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions
from automl.evaluation.set_answers import SetAnswers
from automl.frozen_model import FrozenModel

_METRICS = {False: "accuracy", True: "iou"}
"""Metric of the score, by whether a picture has any number of labels."""

_NUM_CONFUSIONS = 10
_LEAST_SUGGESTED, _MOST_GIVEN = 0.9, 0.05
"""Probabilities of the suggestion and of the label from which a doubt is safe to settle."""

Answer = str | list[str]
"""The class of a picture, or its labels."""


class ClassRecall(FrozenModel):
    """One class or label: its pictures, and how many of them the probe knows."""

    name: str
    num_pictures: int
    num_right: int
    num_false: int
    """Other pictures that the probe takes for it."""

    average_precision: float | None
    """None if every picture has it."""


class ConfusedPair(FrozenModel):
    """Pictures of one class that the probe takes for another.

    Of label sets: pictures on which it misses a label and sees a false one.
    """

    true: str
    predicted: str
    num_pictures: int


class MissedPair(FrozenModel):
    """Two labels that the probe misses on the same pictures."""

    first: str
    second: str
    num_pictures: int


class DoubtfulLabel(FrozenModel):
    """A picture whose label is probably wrong (see `doubtful_labels.suspects`)."""

    path: str
    label: str
    """Label of the picture; the label in doubt of a label set."""

    suggested: str
    """Class that is probably right; of label sets the label in doubt."""

    is_missing: bool = False
    """True for a label set that probably lacks the label in doubt."""

    probability: float
    """Probability of the suggested label."""

    given_probability: float
    """Probability of the given label."""

    @property
    def is_safe(self) -> bool:
        """True if it is so clear that nobody has to look before it is settled as suggested."""
        return self.probability >= _LEAST_SUGGESTED and self.given_probability <= _MOST_GIVEN

    def is_open(self, answer: Answer) -> bool:
        """True if the picture is still labelled as it was when the doubt arose."""
        if isinstance(answer, str):
            return answer == self.label
        return (self.label in answer) != self.is_missing

    def settled(self, answer: Answer) -> Answer:
        """The class or labels of the picture, changed as suggested."""
        if isinstance(answer, str):
            return self.suggested
        others = [label for label in answer if label != self.label]
        return [*others, self.label] if self.is_missing else others


class FirstScore(FrozenModel):
    """Score of a linear probe on frozen features, by cross-validation."""

    metric: str
    """`accuracy`, or `iou` where a picture has any number of labels."""

    model_name: str
    side: int
    """Side of the pictures in pixels."""

    num_pictures: int
    """Pictures that were answered for."""

    score: float
    low: float | None
    high: float | None
    """95 % interval; None if there are too few pictures for one."""

    majority_share: float
    """Score of always answering the most frequent class, or the most frequent set of labels."""

    recalls: list[ClassRecall]
    """The weakest first."""

    unscored: dict[str, int] = {}
    """Pictures of the classes that no picture was asked about, because they cannot be divided."""

    confused: list[ConfusedPair]
    """The most frequent first, at most 10."""

    missed_together: list[MissedPair]
    """The most frequent first, at most 10; none of one label a picture."""

    doubtful: list[DoubtfulLabel]
    """The clearest first."""

    predicted: dict[str, Answer]
    """Predicted class or labels by path, of every picture that was answered for."""


class Change(FrozenModel):
    """A first score before and after corrections, on the pictures that both answered for."""

    num_pictures: int
    before: float
    after: float
    """Scores, both by the labels after the corrections."""

    p_value: float
    """Probability of so large a difference if both are equally good, see
    `significance.p_value_of_difference`."""


def summary(  # noqa: PLR0913
    predictions: Predictions,
    class_names: Sequence[str],
    paths: Sequence[str],
    *,
    model_name: str,
    side: int,
    share: float,
    groups: Groups | None = None,
) -> FirstScore:
    """Summarise out-of-fold answers.

    Args:
        predictions: N answers, each from a probe that has not seen the picture.
        class_names: by class index.
        paths: (N,) of the pictures.
        model_name: network of the features.
        side: of the pictures, in pixels.
        share: training pictures of each probe as a share of all.
        groups: pictures of one stay together.
    """
    metric = _METRICS[predictions.has_label_sets]
    answers = metrics.answers_for(predictions.probabilities, predictions.labels)
    truth, predicted = (
        decisions.as_sets(each, len(class_names))
        for each in (predictions.labels, predictions.predicted)
    )
    missed, false = truth & ~predicted, predicted & ~truth
    mistaken = label_matrices.together(missed, false)
    missed_both = np.triu(label_matrices.together(missed, missed))
    low, high = _interval(metric, predictions, share, groups)
    return FirstScore(
        metric=metric,
        model_name=model_name,
        side=side,
        num_pictures=len(truth),
        score=metrics.value(metric, answers),
        low=low,
        high=high,
        majority_share=_score_of_the_most_frequent(metric, truth),
        recalls=_recalls(answers, class_names),
        confused=[
            ConfusedPair(
                true=class_names[pair.true],
                predicted=class_names[pair.predicted],
                num_pictures=pair.num_pictures,
            )
            for pair in confusion.most_confused(mistaken, _NUM_CONFUSIONS)
        ],
        missed_together=[
            MissedPair(
                first=class_names[pair.true],
                second=class_names[pair.predicted],
                num_pictures=pair.num_pictures,
            )
            for pair in confusion.most_confused(missed_both, _NUM_CONFUSIONS)
        ],
        doubtful=_doubtful(predictions, class_names, paths),
        predicted=dict(zip(paths, _in_words(predictions, class_names), strict=True)),
    )


def change(
    before: FirstScore,
    after: FirstScore,
    labels: Mapping[str, Answer],
    groups: Mapping[str, int] | None = None,
) -> Change | None:
    """Effect of corrections on the score; None if the two share no picture.

    Args:
        before: first score before the corrections.
        after: first score with them, of the same metric.
        labels: class or labels by path, after the corrections.
        groups: number of the group by path, whose pictures are not independent.
    """
    paths = [path for path in after.predicted if path in before.predicted and path in labels]
    if not paths:
        return None
    said = [[each[path] for path in paths] for each in (labels, before.predicted, after.predicted)]
    sets = [[[each] if isinstance(each, str) else each for each in answers] for answers in said]
    names = sorted({name for answers in sets for answer in answers for name in answer})
    truth, was, now = (label_matrices.from_names(each, names) for each in sets)
    known = groups or {}
    together = {row: known[path] for row, path in enumerate(paths) if path in known}
    members = picture_groups.members(np.arange(len(paths)), together)
    p_value = significance.p_value_of_difference(
        after.metric, was.astype(np.float64), now.astype(np.float64), truth, members
    )
    assert p_value is not None  # the answers are finite
    return Change(
        num_pictures=len(paths),
        before=_score(after.metric, was, truth),
        after=_score(after.metric, now, truth),
        p_value=p_value,
    )


def settled(doubts: Sequence[DoubtfulLabel], labels: Mapping[str, Answer]) -> dict[str, Answer]:
    """The classes or labels by path with all of the doubts about a picture settled as suggested."""
    after: dict[str, Answer] = {}
    for doubt in doubts:
        after[doubt.path] = doubt.settled(after.get(doubt.path, labels[doubt.path]))
    return after


def _score(metric: str, answers: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Score of certain answers (N, K); that of sets of one is the share of right classes."""
    return metrics.value(metric, SetAnswers(answers.astype(np.float64), truth))


def _score_of_the_most_frequent(metric: str, truth: NDArray[np.bool_]) -> float:
    sets, counts = np.unique(truth, axis=0, return_counts=True)
    most_frequent = sets[counts.argmax()]
    return _score(metric, np.broadcast_to(most_frequent, truth.shape), truth)


def _doubtful(
    predictions: Predictions, class_names: Sequence[str], paths: Sequence[str]
) -> list[DoubtfulLabel]:
    def doubt(suspect: Suspect) -> DoubtfulLabel:
        given, suggested = predictions.labels[suspect.position], class_names[suspect.suggested]
        return DoubtfulLabel(
            path=paths[suspect.position],
            label=suggested if predictions.has_label_sets else class_names[given],
            suggested=suggested,
            is_missing=predictions.has_label_sets and not given[suspect.suggested],
            probability=suspect.probability,
            given_probability=suspect.given_probability,
        )

    found = doubtful_labels.suspects([predictions.probabilities], predictions.labels)
    return [doubt(suspect) for suspect in found]


def _in_words(predictions: Predictions, class_names: Sequence[str]) -> list[Answer]:
    predicted = predictions.predicted
    if not predictions.has_label_sets:
        return [class_names[index] for index in predicted.tolist()]
    return [[class_names[index] for index in np.flatnonzero(row).tolist()] for row in predicted]


def _interval(
    metric: str, predictions: Predictions, share: float, groups: Groups | None
) -> tuple[float | None, float | None]:
    comparison = comparable_scores.compare(metric, [Candidate("", predictions, share)], groups)
    found = None if comparison is None else expected_score.expected_score(comparison, 0)
    return (None, None) if found is None else (found.low, found.high)


def _recalls(answers: CountedAnswers, class_names: Sequence[str]) -> list[ClassRecall]:
    present = np.flatnonzero(answers.support)
    order = present[np.argsort(answers.recalls[present], kind="stable")].tolist()
    return [
        ClassRecall(
            name=class_names[index],
            num_pictures=int(answers.support[index]),
            num_right=int(answers.hits[index]),
            num_false=int(answers.guesses[index] - answers.hits[index]),
            average_precision=_finite(answers.average_precisions[index]),
        )
        for index in order
    ]


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
