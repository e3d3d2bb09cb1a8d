"""Labels that are probably wrong: the user decides on each and starts a corrected experiment."""

from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation.doubtful_labels import MAX_TRIALS, Suspect
from automl.experiments import leaderboard
from automl.figures import wording
from automl.ui import cached, cached_evaluation, data_source, figure_table, gallery, selection
from automl.ui.answers import answer_view
from automl.ui.cached_evaluation import Answers
from automl.ui.configure import launch
from automl.ui.trial import label_fixes

_PER_PAGE = 10


def show(experiment_dir: Path, *, is_finished: bool) -> None:
    """Draw the doubtful labels; `is_finished` is True if the experiment has ended."""
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
        f"The {len(by_trial)} best trials confidently agree on another label for "
        f"{wording.count(len(suspects), 'picture')}. Decide which label is right."
    )
    decisions = _decisions(experiment_dir)
    num_pages = -(-len(suspects) // _PER_PAGE)
    key = f"suspects of {experiment_dir.name}"
    page = st.pagination(num_pages, key=f"page of {key}") if num_pages > 1 else 1
    first = (page - 1) * _PER_PAGE
    for position, suspect in enumerate(suspects[first : first + _PER_PAGE], start=first):
        if _row(by_trial[0], suspect, decisions, key):
            positions = np.array([each.position for each in suspects])
            answer_view.open_at(by_trial[0], positions, position)
    _new_experiment(experiment_dir, by_trial[0], suspects, decisions, is_finished=is_finished)


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


def _decisions(experiment_dir: Path) -> dict[str, str]:
    """Decision on each picture by the SHA-256 of its content; kept for the session."""
    kept: dict[str, str] = st.session_state.setdefault(f"decisions on {experiment_dir.name}", {})
    return kept


def _row(trial_answers: Answers, suspect: Suspect, decisions: dict[str, str], key: str) -> bool:
    """Draw a picture and the choice for its label; True if the picture was clicked just now."""
    row = trial_answers.samples.iloc[suspect.position]
    label = trial_answers.class_names[int(trial_answers.predictions.labels[suspect.position])]
    suggested = trial_answers.class_names[suspect.suggested]
    content = str(row["content_hash"])
    # the position, not the content hash: copies of a file have the same hash
    choice = f"decision on {suspect.position} of {key}"

    def remember() -> None:
        decisions[content] = st.session_state[choice]

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
    titles = {
        label_fixes.KEEP: f"It is {wording.plain(label)}",
        suggested: f"It is {wording.plain(suggested)}",
        label_fixes.LEAVE_OUT: "Leave it out",
    }
    buttons.segmented_control(
        "What to do",
        list(titles),
        default=decisions.get(content, label_fixes.KEEP),
        required=True,
        format_func=titles.__getitem__,
        key=choice,
        on_change=remember,
        label_visibility="collapsed",
    )
    return picked is not None


def _new_experiment(
    experiment_dir: Path,
    trial_answers: Answers,
    suspects: list[Suspect],
    decisions: dict[str, str],
    *,
    is_finished: bool,
) -> None:
    changed = {
        content: decision for content, decision in decisions.items() if decision != label_fixes.KEEP
    }
    job = cached.job(experiment_dir)
    name = data_source.free_name(job.training_data, set(selection.experiment_names()))
    if refusal := launch.problem():
        st.error(wording.plain(refusal))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"New experiment with {wording.count(len(changed), 'change')}",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not changed or not is_finished,
            on_click=launch.start,
            args=(label_fixes.job_with(job, changed), name, uuid4().hex),
            help=f"The same job again, as {name}, with your decisions. The files are not changed.",
        )
        figure_table.download(_table(trial_answers, suspects), "doubtful-labels")
        if not is_finished:
            st.caption("You can start the new experiment when this one has ended.")


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
