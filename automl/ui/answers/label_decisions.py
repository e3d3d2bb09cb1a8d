"""Decisions of the visitor about labels of pictures that a trial answered."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.experiments import decisions
from automl.experiments.decisions import Question
from automl.figures import wording
from automl.texts import _
from automl.ui import sign_in
from automl.ui.answers import label_fixes
from automl.ui.cached_evaluation import Answers


def of(experiment_dir: Path) -> dict[Question, str]:
    """Return the decision of the visitor on each question; a reload keeps them."""
    key = f"decisions on {experiment_dir.name}"
    if key not in st.session_state:
        st.session_state[key] = decisions.load(experiment_dir, sign_in.person().name)
    kept: dict[Question, str] = st.session_state[key]
    return kept


def choose(trial_answers: Answers, position: int, suggested: int, *, key: str) -> None:
    """Draw the choice for the label of a picture; nothing for who may start no experiment with it.

    Args:
        trial_answers: the answers.
        position: position of the picture in them.
        suggested: index of the class that may be right instead of its label; of label sets the
            label that may be missing, or false.
        key: unique name of this choice.
    """
    if not sign_in.may(Action.START):
        return
    experiment_dir = trial_answers.experiment_dir
    decided_on = of(experiment_dir)
    content = str(trial_answers.samples.iloc[position]["content_hash"])
    label = trial_answers.class_names[suggested]
    question = content, label if trial_answers.predictions.has_label_sets else ""
    # the position, not the content hash: copies of a file have the same hash
    choice = f"decision on {position} {suggested} of {key}"

    def remember() -> None:
        decided_on[question] = st.session_state[choice]
        by = sign_in.person().name
        decisions.keep(experiment_dir, by, question, decided_on[question])

    keep, change = _titles(trial_answers, position, suggested)
    titles = {label_fixes.KEEP: keep, label: change, label_fixes.LEAVE_OUT: _("Leave it out")}
    decided = decided_on.get(question, label_fixes.KEEP)
    st.segmented_control(
        _("What to do"),
        list(titles),
        default=decided if decided in titles else label_fixes.KEEP,
        required=True,
        format_func=titles.__getitem__,
        key=choice,
        on_change=remember,
        label_visibility="collapsed",
    )


def _titles(trial_answers: Answers, position: int, suggested: int) -> tuple[str, str]:
    """Titles of what the label says, and of what is suggested."""
    names, true = trial_answers.class_names, trial_answers.predictions.labels[position]
    suggestion = wording.plain(names[suggested])
    if not trial_answers.predictions.has_label_sets:
        it_is = _("It is {label}")
        return it_is.format(label=wording.plain(names[int(true)])), it_is.format(label=suggestion)
    has, has_no = _("It has {label}"), _("It has no {label}")
    titles = has.format(label=suggestion), has_no.format(label=suggestion)
    return titles if true[suggested] else titles[::-1]
