"""Labels that are probably wrong: the user decides on each."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation.doubtful_labels import MAX_TRIALS, Suspect
from automl.experiments import leaderboard
from automl.figures import wording
from automl.ui import cached, cached_evaluation, figure_table, gallery
from automl.ui.answers import answer_view, label_decisions
from automl.ui.cached_evaluation import Answers

_PER_PAGE = 10


def show(experiment_dir: Path) -> None:
    """Draw the doubtful labels, each with the choice of the right one."""
    by_trial = _best_answers(experiment_dir)
    if len(by_trial) < 2:
        st.info(
            "A label is doubtful if several trials disagree with it. This needs two trials or more."
        )
        return
    suspects = cached_evaluation.suspects(by_trial)
    if not suspects:
        st.success("No label is in doubt.", icon=":material/check_circle:")
        return
    st.caption(
        f"The {len(by_trial)} best trials agree on another label for "
        f"{wording.count(len(suspects), 'picture')}. Decide which label is right."
    )
    num_pages = -(-len(suspects) // _PER_PAGE)
    key = f"suspects of {experiment_dir.name}"
    page = st.pagination(num_pages, key=f"page of {key}") if num_pages > 1 else 1
    first = (page - 1) * _PER_PAGE
    for position, suspect in enumerate(suspects[first : first + _PER_PAGE], start=first):
        if _row(by_trial[0], suspect, key):
            positions = np.array([each.position for each in suspects])
            answer_view.open_at(by_trial[0], positions, position)
    figure_table.download(_table(by_trial[0], suspects), "doubtful-labels")


def _best_answers(experiment_dir: Path) -> tuple[Answers, ...]:
    """Answers of the best trials that scored the same pictures in the same order."""
    metric = cached.job(experiment_dir).primary_metric
    chosen: list[Answers] = []
    for trial in leaderboard.by_score(cached.trials(experiment_dir), metric):
        trial_answers = cached_evaluation.of_trial(experiment_dir, trial.trial_id)
        if trial_answers and (
            not chosen or trial_answers.predictions.is_about_the_same_as(chosen[0].predictions)
        ):
            chosen.append(trial_answers)
        if len(chosen) == MAX_TRIALS:
            break
    return tuple(chosen)


def _row(trial_answers: Answers, suspect: Suspect, key: str) -> bool:
    """Draw a picture and the choice for its label; True if the picture was clicked just now."""
    row = trial_answers.samples.iloc[suspect.position]
    label = trial_answers.class_names[int(trial_answers.predictions.labels[suspect.position])]
    suggested = trial_answers.class_names[suspect.suggested]
    picture, text, buttons = st.columns([1, 3, 4], vertical_alignment="center")
    with picture:
        rendering = cached.rendering(trial_answers.experiment_dir)
        thumbnail = gallery.Picture(Path(str(row["path"])), "", rendering=rendering)
        picked = gallery.strip(
            [thumbnail], width=72, key=f"picture {suspect.position} of {key}", opens=True
        )
    text.markdown(
        f"labelled **{wording.plain(label)}** ({suspect.given_probability:.3f})  \n"
        f"taken for **{wording.plain(suggested)}** ({suspect.probability:.3f})"
    )
    with buttons:
        label_decisions.choose(trial_answers, suspect.position, suspect.suggested, key=key)
    return picked is not None


def _table(trial_answers: Answers, suspects: list[Suspect]) -> pd.DataFrame:
    positions = [suspect.position for suspect in suspects]
    rows = trial_answers.samples.iloc[positions]
    return pd.DataFrame(
        {
            "path": rows["path"],
            "label": [
                trial_answers.class_names[index]
                for index in trial_answers.predictions.labels[positions]
            ],
            "suggested": [trial_answers.class_names[suspect.suggested] for suspect in suspects],
            "probability of suggested": [suspect.probability for suspect in suspects],
            "probability of label": [suspect.given_probability for suspect in suspects],
        }
    )
