"""Recommendation of a model and of the next steps, each sentence with a link to its evidence."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automl import recommendation, texts
from automl.access.permissions import Action
from automl.experiments import store
from automl.experiments.records import TrialRecord
from automl.figures import wording
from automl.recommendation import Clause, Recommendation, Target
from automl.texts import _
from automl.ui import cached, experiment_state, links, sign_in, significance
from automl.ui.dataset import data_choice
from automl.ui.version_cache import for_version, versions

_PAGES = {
    "trial": "pages/trial.py",
    "confusion": "pages/trial.py",
    "label": "pages/trial.py",
    "doubtful_labels": "pages/trial.py",
    "leaderboard": "pages/leaderboard.py",
    "data": "pages/dataset.py",
    "test": "pages/test.py",
    "more_time": "pages/configure.py",
    "resume": "pages/configure.py",  # for who may not go on with this experiment
}
_OF_A_NEW_ONE = ("data", "more_time", "resume")
"""Views that begin a new experiment."""


def show(
    experiment_dir: Path, ranked: Sequence[TrialRecord], metric: str, *, folded: bool = False
) -> bool:
    """Draw the recommendation; False if there is none, because the experiment has no model.

    Args:
        experiment_dir: directory of an experiment that has ended.
        ranked: trials with a score, best first.
        metric: key of the primary metric.
        folded: True to show the title only, with the sentences in a fold.
    """
    record = cached.experiment(experiment_dir)
    p_values = significance.p_values_against_best(experiment_dir, ranked, metric)
    found = _found(experiment_dir, tuple(p_values.items()))
    if found is None:
        return False
    colour, icon = ("green", "check_circle") if found.is_usable else ("orange", "warning")
    title = wording.plain(found.title)
    box: DeltaGenerator
    if folded:
        name = f":{colour}[**{title}**]"
        box = st.expander(name, icon=f":material/{icon}:", key="recommendation")
    else:
        box = st.container(border=True, gap="xsmall", key="recommendation")
        name = f":{colour}[:material/{icon}:] {title}"
        box.markdown(f"##### {name}", help=wording.plain(wording.stored(record.expected_basis)))
    with box:
        for clause in [*found.doubts, *found.clauses]:
            _line(experiment_dir, clause)
    return True


def _versions(experiment_dir: Path, _: object) -> tuple[object, ...]:
    """The language, and everything that the rules look at; the p-values are part of the key."""
    others = ("job.yml", "dataset/report.json", "test/opening.json")
    paths = [store.samples_path(experiment_dir), *(experiment_dir / name for name in others)]
    return texts.language(), cached.progress_versions(experiment_dir), versions(paths)


@for_version(_versions, max_entries=200)
def _found(
    experiment_dir: Path, p_values: tuple[tuple[str, float | None], ...]
) -> Recommendation | None:
    return recommendation.of_experiment(
        experiment_dir,
        cached.experiment(experiment_dir),
        cached.job(experiment_dir),
        cached.trials(experiment_dir),
        dict(p_values),
        cached.predictions_at,
    )


def _line(experiment_dir: Path, clause: Clause) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(wording.plain(clause.text), width="content")
        target = clause.target
        if target.view == "resume" and experiment_state.may_resume(experiment_dir):
            experiment_state.resume(experiment_dir, target.label, target.minutes or None)
            return
        if target.view in _OF_A_NEW_ONE and not sign_in.may(Action.START):
            return
        links.page_link(
            _PAGES[target.view],
            label=_("Start anew") if target.view == "resume" else target.label,
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=_parameters(experiment_dir, target),
            width="content",
        )


def _parameters(experiment_dir: Path, target: Target) -> Mapping[str, str]:
    if target.view == "data":
        return data_choice.link_to(cached.job(experiment_dir))
    if target.view in ("more_time", "resume"):
        minutes = {"minutes": str(target.minutes)} if target.view == "more_time" else {}
        return {"copy": experiment_dir.name, **minutes}
    tab = {"tab": _("Errors")} if target.view in ("doubtful_labels", "label") else {}
    given = {"trial": target.trial_id, "true": target.true, "predicted": target.predicted, **tab}
    named = {name: value for name, value in given.items() if value}
    return {"experiment": experiment_dir.name, **named}
