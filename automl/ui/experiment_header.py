"""Header of an experiment, one line: its name, state, best score, time left, and next actions."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.experiments import store, time_left
from automl.experiments.records import ExperimentState, now
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import (
    cached,
    data_source,
    deletion,
    experiment_state,
    guarded_actions,
    links,
    sharing_view,
    tabs,
)

_CAN_GO_ON = {
    ExperimentState.INTERRUPTED: mark("Resume"),
    ExperimentState.STOPPED: mark("Resume"),
    ExperimentState.FAILED: mark("Try again"),
}
_WITH_REASON = (ExperimentState.FAILED, ExperimentState.INTERRUPTED)


def show(experiment_dir: Path, state: ExperimentState, *, folded: bool) -> None:
    """Draw the header; while the experiment runs it follows it, and the page with it.

    Args:
        experiment_dir: directory of the experiment.
        state: its state when the page was drawn.
        folded: True to have the reason of a failure in a fold, not above the page's subject.
    """

    @st.fragment(run_every=None if state.is_finished else "2s")
    def standing() -> None:
        if not state.is_finished and cached.state(experiment_dir) is not state:
            st.rerun()  # the whole page, which sets the timers
        with st.container(horizontal=True, vertical_alignment="center", key="standing"):
            _standing(experiment_dir, state, folded=folded)

    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        standing()
        _actions(experiment_dir, state)
    if not folded:
        _failure(experiment_dir, state)


def _standing(experiment_dir: Path, state: ExperimentState, *, folded: bool) -> None:
    """Draw what changes while the experiment runs."""
    record = cached.experiment(experiment_dir)
    name = cached.remarks_on(experiment_dir).title or experiment_dir.name
    st.title(wording.plain(name), anchor=False, width="content")
    experiment_state.badge(experiment_dir, state)
    if folded and state in _WITH_REASON:
        with st.popover(_("Why?"), type="tertiary", key="why it failed"):
            _failure(experiment_dir, state)
    if store.is_imported(experiment_dir):
        st.badge(_("read-only"), icon=":material/ios_share:", color="gray")
    _best(experiment_dir, state)
    if not (state.is_finished or state is ExperimentState.QUEUED):  # nothing is learnt in a queue
        left = time_left.estimate(record, cached.trials(experiment_dir), now())
        st.markdown(wording.time_left(left), width="content")


def _actions(experiment_dir: Path, state: ExperimentState) -> None:
    if state.is_finished:
        _next_actions(experiment_dir)
        if state in _CAN_GO_ON:
            experiment_state.resume(experiment_dir, _(_CAN_GO_ON[state]))
    elif state is not ExperimentState.STOPPING:
        _stop(experiment_dir)
    with st.popover(_("More"), icon=":material/more_horiz:", key="more"):
        _more(experiment_dir, state)


def _best(experiment_dir: Path, state: ExperimentState) -> None:
    best_trial = cached.experiment(experiment_dir).best_trial
    if best_trial is None:
        st.markdown(_("No score") if state.is_finished else _("No score yet"), width="content")
        return
    trial, metric = (
        cached.trial(experiment_dir, best_trial),
        cached.job(experiment_dir).primary_metric,
    )
    links.page_link(
        "pages/trial.py",
        label=wording.plain(f"{wording.score_of(trial, metric)} · {wording.trial(trial)}"),
        icon=":material/trophy:",
        query_params={"experiment": experiment_dir.name, "trial": best_trial},
        width="content",
        help=_("Best {metric}, with its 95 % interval, and the trial.").format(
            metric=wording.metric_shown(metric, [trial])
        ),
    )


def _next_actions(experiment_dir: Path) -> None:
    best_trial = cached.experiment(experiment_dir).best_trial
    has_model = (store.best_model_dir(experiment_dir) / "model.onnx").is_file()
    address = {"experiment": experiment_dir.name}
    may_try = has_model and guarded_actions.may(Action.PREDICT, experiment_dir)
    if may_try and st.button(_("Try it"), type="primary", icon=":material/center_focus_strong:"):
        links.switch_page("pages/predict.py", query_params=address)
    may_take = best_trial is not None and guarded_actions.may(Action.EXPORT, experiment_dir)
    if may_take and st.button(_("Take it away"), icon=":material/download:"):
        address |= {"trial": best_trial or ""}
        tabs.open_page("pages/trial.py", _("Take it away"), address)


def _stop(experiment_dir: Path) -> None:
    if not guarded_actions.may(Action.STOP, experiment_dir):
        return
    with st.popover(_("Stop all"), icon=":material/stop_circle:", key="stop all"):
        st.markdown(
            _(
                "Running trials end now and no new one starts. The best model so far is kept "
                "and exported."
            )
        )
        if st.button(_("Stop now"), type="primary", key="stop all now"):
            guarded_actions.stop(experiment_dir)
            st.rerun()


def _more(experiment_dir: Path, state: ExperimentState) -> None:
    record, job = cached.experiment(experiment_dir), cached.job(experiment_dir)
    facts = [
        _("Ranked by {metric}").format(metric=wording.metric(job.primary_metric)),
        data_source.named(job.training_data.location),
    ]
    if state.is_finished and record.seconds is not None:
        facts.append(wording.duration(record.seconds))
    st.caption(wording.plain(" · ".join(facts)))
    links.new_experiment(experiment_dir)
    sharing_view.buttons(experiment_dir)
    if deletion.may_delete(experiment_dir, state):
        with st.expander(_("Delete"), icon=":material/delete:"):
            deletion.confirm([experiment_dir])


def _failure(experiment_dir: Path, state: ExperimentState) -> None:
    """Draw the reason why the experiment failed or was interrupted."""
    record = cached.experiment(experiment_dir)
    if state is ExperimentState.INTERRUPTED:
        st.warning(
            _(
                "The experiment was interrupted: its process ended before the search did, "
                "for example because the machine was restarted. Every finished evaluation is "
                "kept. After a resume, the trials continue from their last evaluation."
            )
        )
    elif state is ExperimentState.FAILED:
        st.error(
            wording.plain(
                wording.stored(record.message) or _("The engine ended without saying why.")
            )
        )
    else:
        return
    if record.details:
        with st.expander(_("Details")):
            st.code(record.details, language=None)
