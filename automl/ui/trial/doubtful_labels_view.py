"""Labels that are probably wrong: decided one by one, and tried in a new experiment."""

from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import streamlit as st

from automl.evaluation.doubtful_labels import Suspect
from automl.experiments import leaderboard
from automl.figures import wording
from automl.ui import cached, cached_evaluation, data_source, figure_table, gallery, selection
from automl.ui.answers import answer_view
from automl.ui.cached_evaluation import Answers
from automl.ui.configure import launch
from automl.ui.trial import label_fixes

_MAX_TRIALS = 3
_PER_PAGE = 10


def show(experiment_dir: Path, *, is_finished: bool) -> None:
    """is_finished: no answers will come any more."""
    of = _trials(experiment_dir)
    if len(of) < 2:
        st.info("Labels are doubted when several trials disagree with them; this needs two trials.")
        return
    found = cached_evaluation.suspects(of)
    if not found:
        st.success("No label is in doubt.", icon=":material/check_circle:")
        return
    st.caption(
        f"The {len(of)} best trials agree on another label for "
        f"{wording.count(len(found), 'picture')}, and are sure of it. Who is right?"
    )
    decisions = _decisions(experiment_dir)
    num_pages = -(-len(found) // _PER_PAGE)
    key = f"suspects of {experiment_dir.name}"
    page = st.pagination(num_pages, key=f"page of {key}") if num_pages > 1 else 1
    first = (page - 1) * _PER_PAGE
    for place, suspect in enumerate(found[first : first + _PER_PAGE], start=first):
        if _row(of[0], suspect, decisions, key):
            positions = np.array([one.position for one in found])
            answer_view.open_at(of[0], positions, place)
    _take_over(experiment_dir, of[0], found, decisions, is_finished=is_finished)


def _trials(experiment_dir: Path) -> tuple[Answers, ...]:
    """Answers of the best trials that scored the same pictures in the same order."""
    metric = cached.job(experiment_dir).primary_metric
    chosen: list[Answers] = []
    for trial in leaderboard.by_score(cached.trials(experiment_dir), metric):
        of = cached_evaluation.of_trial(experiment_dir, trial.trial_id)
        if of and (not chosen or of.predictions.is_about_the_same_as(chosen[0].predictions)):
            chosen.append(of)
        if len(chosen) == _MAX_TRIALS:
            break
    return tuple(chosen)


def _decisions(experiment_dir: Path) -> dict[str, str]:
    """SHA-256 of a picture -> what is to be done with it; lives as long as the session."""
    kept: dict[str, str] = st.session_state.setdefault(f"decisions on {experiment_dir.name}", {})
    return kept


def _row(of: Answers, suspect: Suspect, decisions: dict[str, str], key: str) -> bool:
    """A picture and what to do with it; whether it was clicked just now."""
    row = of.samples.iloc[suspect.position]
    given = of.class_names[int(of.predictions.labels[suspect.position])]
    suggested = of.class_names[suspect.suggested]
    content = str(row["content_hash"])
    # the position, not the content: copies of one file have the same content
    choice = f"decision on {suspect.position} of {key}"

    def take() -> None:
        decisions[content] = st.session_state[choice]

    picture, what, choose = st.columns([1, 3, 4], vertical_alignment="center")
    with picture:
        thumbnail = gallery.Picture(Path(str(row["path"])), "")
        picked = gallery.strip(
            [thumbnail], width=72, key=f"picture {suspect.position} of {key}", opens=True
        )
    what.markdown(
        f"labelled **{wording.plain(given)}** ({suspect.given_probability:.3f})  \n"
        f"taken for **{wording.plain(suggested)}** ({suspect.probability:.3f})"
    )
    titles = {
        label_fixes.KEEP: f"It is {wording.plain(given)}",
        suggested: f"It is {wording.plain(suggested)}",
        label_fixes.LEAVE_OUT: "Leave it out",
    }
    choose.segmented_control(
        "What to do",
        list(titles),
        default=decisions.get(content, label_fixes.KEEP),
        required=True,
        format_func=titles.__getitem__,
        key=choice,
        on_change=take,
        label_visibility="collapsed",
    )
    return picked is not None


def _take_over(
    experiment_dir: Path,
    of: Answers,
    found: list[Suspect],
    decisions: dict[str, str],
    *,
    is_finished: bool,
) -> None:
    changed = {content: what for content, what in decisions.items() if what != label_fixes.KEEP}
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
            help=f"The same job again, as {name}, with the labels as you decided. "
            "The files stay as they are.",
        )
        figure_table.download(_table(of, found), "doubtful-labels")
        if not is_finished:
            st.caption("The experiment goes on; start the next one when it has ended.")


def _table(of: Answers, found: list[Suspect]) -> pd.DataFrame:
    positions = [suspect.position for suspect in found]
    rows = of.samples.iloc[positions]
    return pd.DataFrame(
        {
            "path": rows["path"],
            "label": [of.class_names[index] for index in of.predictions.labels[positions]],
            "suggested": [of.class_names[suspect.suggested] for suspect in found],
            "probability of suggested": [suspect.probability for suspect in found],
            "probability of label": [suspect.given_probability for suspect in found],
        }
    )
