"""Weaknesses of a model: by class where a picture has one, by label where it has any number."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import confusion
from automl.evaluation.set_answers import SetAnswers
from automl.figures import wording
from automl.recommendation.clause import Clause, Target
from automl.recommendation.facts import Facts
from automl.texts import _, ngettext

_FEWEST_OF_CLASS = 5
"""Pictures of a class from which its recall says something."""


class Weaknesses(Protocol):
    """Questions that the rules ask a task."""

    @property
    def errors(self) -> NDArray[np.int64]:
        """(K,) wrong answers for the pictures of each class, or wrong decisions on each label."""

    def weakest(self) -> Clause | None:
        """The class or label with the least recall; None if all are known, or have few pictures."""


def of(facts: Facts) -> Weaknesses | None:
    """The weaknesses of the best trial; None without its answers."""
    answers = facts.predictions
    if answers is None or not len(answers.labels) or not facts.class_names:
        return None
    return OfLabels(facts) if answers.has_label_sets else OfClasses(facts)


class OfClasses:
    """Classes that are taken for others."""

    def __init__(self, facts: Facts) -> None:
        assert facts.predictions is not None
        labels, predicted = facts.predictions.labels, facts.predictions.predicted
        self._names, self._trial_id = facts.class_names, facts.best.trial_id
        self._matrix = confusion.matrix(labels, predicted, len(self._names))

    @property
    def errors(self) -> NDArray[np.int64]:
        """(K,) wrong answers for the pictures of each class."""
        return np.asarray(self._matrix.sum(axis=1) - self._matrix.diagonal())

    def weakest(self) -> Clause | None:
        """The class with the least recall, and what it is taken for most."""
        scores = confusion.class_scores(self._matrix)
        true = _least(scores.recall, scores.support)
        if true is None:
            return None
        right, total = int(self._matrix[true, true]), int(scores.support[true])
        others = self._matrix[true].copy()
        others[true] = 0
        taken_for = int(others.argmax())
        name, other = self._names[true], self._names[taken_for]
        text = ngettext(
            "Weakest class: {name}, {right} of {pictures} right; {count} was taken for {other}.",
            "Weakest class: {name}, {right} of {pictures} right; {count} were taken for {other}.",
            int(others[taken_for]),
        ).format(
            name=name,
            right=right,
            pictures=wording.count(total, "picture"),
            count=others[taken_for],
            other=other,
        )
        target = Target("confusion", _("See the pictures"), self._trial_id, name, other)
        return Clause(text, (right, total, int(others[taken_for])), target)


class OfLabels:
    """Labels that are missed, and false ones."""

    def __init__(self, facts: Facts) -> None:
        assert facts.predictions is not None
        self._names, self._trial_id = facts.class_names, facts.best.trial_id
        self._answers = SetAnswers(facts.predictions.probabilities, facts.predictions.labels)

    @property
    def errors(self) -> NDArray[np.int64]:
        """(K,) wrong decisions on each label."""
        return self._answers.support + self._answers.guesses - 2 * self._answers.hits

    def weakest(self) -> Clause | None:
        """The label with the least recall."""
        label = _least(self._answers.recalls, self._answers.support)
        if label is None:
            return None
        found, total = int(self._answers.hits[label]), int(self._answers.support[label])
        false = int(self._answers.guesses[label]) - found
        text = _(
            "Weakest label: {name}, found in {found} of {pictures} with it, at a threshold of 0.5, "
            "and in {false} without it. Another threshold moves one against the other."
        ).format(
            name=self._names[label],
            found=found,
            pictures=wording.count(total, "picture"),
            false=false,
        )
        return Clause(
            text, (found, total, false), Target("label", _("See the pictures"), self._trial_id)
        )


def _least(recalls: NDArray[np.float64], support: NDArray[np.int64]) -> int | None:
    """Index of the least recall among those with enough pictures; None if it is 1."""
    judged = support >= _FEWEST_OF_CLASS
    if not judged.any():
        return None
    least = int(np.where(judged, recalls, np.inf).argmin())
    return None if recalls[least] == 1 else least
