"""A doubtful label in words: what the picture is labelled, and what the trials see."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from automl.evaluation.doubtful_labels import Suspect
from automl.figures import wording
from automl.texts import _
from automl.ui.cached_evaluation import Answers


class Doubt(NamedTuple):
    """One doubtful label of a picture."""

    suspect: Suspect
    label: str
    """The class of the picture; of label sets the label in doubt."""

    words: str
    """Given and predicted label as two lines of Markdown."""


def doubts(trial_answers: Answers, suspects: Sequence[Suspect]) -> list[Doubt]:
    """The suspects in words, in their order."""
    describe = _of_set if trial_answers.predictions.has_label_sets else _of_class
    return [describe(trial_answers, each) for each in suspects]


def table(trial_answers: Answers, every: Sequence[Doubt]) -> pd.DataFrame:
    """A row for each doubt, for a file."""
    suspects = [doubt.suspect for doubt in every]
    rows = trial_answers.samples.iloc[[suspect.position for suspect in suspects]]
    names = trial_answers.class_names
    return pd.DataFrame(
        {
            "path": rows["path"],
            "label": rows["label"],
            "label in doubt": [doubt.label for doubt in every],
            "suggested": [names[suspect.suggested] for suspect in suspects],
            "probability of suggested": [suspect.probability for suspect in suspects],
            "probability of label": [suspect.given_probability for suspect in suspects],
        }
    )


def _of_class(trial_answers: Answers, suspect: Suspect) -> Doubt:
    names, labels = trial_answers.class_names, trial_answers.predictions.labels
    label = names[int(labels[suspect.position])]
    words = _(
        "labelled **{label}** ({given:.3f})  \ntaken for **{other_label}** ({other:.3f})"
    ).format(
        label=wording.plain(label),
        given=suspect.given_probability,
        other_label=wording.plain(names[suspect.suggested]),
        other=suspect.probability,
    )
    return Doubt(suspect, label, words)


def _of_set(trial_answers: Answers, suspect: Suspect) -> Doubt:
    label = trial_answers.class_names[suspect.suggested]
    name, given, other = wording.plain(label), suspect.given_probability, suspect.probability
    if trial_answers.predictions.labels[suspect.position, suspect.suggested]:
        words = _("labelled with **{name}** ({given:.3f})  \nseen without it ({other:.3f})").format(
            name=name, given=given, other=other
        )
    else:
        words = _("labelled without **{name}** ({given:.3f})  \nseen with it ({other:.3f})").format(
            name=name, given=given, other=other
        )
    return Doubt(suspect, label, words)
