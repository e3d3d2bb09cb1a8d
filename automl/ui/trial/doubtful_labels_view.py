"""Labels that are probably wrong: the user decides on each."""

from pathlib import Path

import numpy as np
import streamlit as st

from automl.evaluation.doubtful_labels import MAX_TRIALS
from automl.figures import wording
from automl.texts import _
from automl.ui import cached, cached_evaluation, figure_table, gallery, label_in_doubt
from automl.ui.answers import answer_view, label_decisions
from automl.ui.cached_evaluation import Answers
from automl.ui.trial import doubts
from automl.ui.trial.doubts import Doubt

_PER_PAGE = 10


def show(experiment_dir: Path) -> None:
    """Draw the doubtful labels, each with the choice of the right one."""
    by_trial = _best_answers(experiment_dir)
    if len(by_trial) < 2:
        st.info(
            _(
                "A label is doubtful if several trials disagree with it. This needs two "
                "trials or more."
            )
        )
        return
    suspects = cached_evaluation.suspects(by_trial)
    if not suspects:
        st.success(_("No label is in doubt."), icon=":material/check_circle:")
        return
    num_pictures = len({suspect.position for suspect in suspects})
    st.caption(
        _(
            "The {count} best trials agree on another label for {pictures}. Decide which "
            "label is right."
        ).format(count=len(by_trial), pictures=wording.count(num_pictures, "picture"))
    )
    key = f"suspects of {experiment_dir.name}"
    every = doubts.doubts(by_trial[0], suspects)
    shown = label_in_doubt.choose(every, key=key)
    num_pages = -(-len(shown) // _PER_PAGE)
    page = st.pagination(num_pages, key=f"page of {key}") if num_pages > 1 else 1
    first = (page - 1) * _PER_PAGE
    for position, doubt in enumerate(shown[first : first + _PER_PAGE], start=first):
        if _row(by_trial[0], doubt, key):
            positions = np.array([each.suspect.position for each in shown])
            answer_view.open_at(by_trial[0], positions, position)
    figure_table.download(doubts.table(by_trial[0], every), "doubtful-labels")


def _best_answers(experiment_dir: Path) -> tuple[Answers, ...]:
    """Answers of the best trials that scored the same pictures in the same order."""
    chosen: list[Answers] = []
    for trial in cached.ranked(experiment_dir):
        trial_answers = cached_evaluation.of_trial(experiment_dir, trial.trial_id)
        if trial_answers and (
            not chosen or trial_answers.predictions.is_about_the_same_as(chosen[0].predictions)
        ):
            chosen.append(trial_answers)
        if len(chosen) == MAX_TRIALS:
            break
    return tuple(chosen)


def _row(trial_answers: Answers, doubt: Doubt, key: str) -> bool:
    """Draw a picture and the choice for its label; True if the picture was clicked just now."""
    position, suggested = doubt.suspect.position, doubt.suspect.suggested
    path = Path(str(trial_answers.samples.iloc[position]["path"]))
    picture, text, buttons = st.columns([1, 3, 4], vertical_alignment="center")
    with picture:
        rendering = cached.rendering(trial_answers.experiment_dir)
        thumbnail = gallery.Picture(path, "", rendering=rendering)
        place = f"picture {position} {suggested} of {key}"
        picked = gallery.strip([thumbnail], width=72, key=place, opens=True)
    text.markdown(doubt.words)
    with buttons:
        label_decisions.choose(trial_answers, position, suggested, key=key)
    return picked is not None
