"""Search on in an experiment that has ended, and what was asked for when it went on before."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.dataset import data_roots
from automl.errors import UserError
from automl.experiments import store
from automl.experiments.going_on import Wish
from automl.experiments.new_data import OtherData
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.figures import wording
from automl.host import home
from automl.jobs import data_versions, untrusted_yaml
from automl.jobs.job import Job
from automl.texts import _
from automl.ui import cached, experiment_state, guarded_actions, launch, sign_in

_TRIALS, _MINUTES, _EPOCHS = 8, 15, 10


def offer(experiment_dir: Path, trials: list[TrialRecord]) -> None:
    """Draw the forms of what the visitor may do.

    Who knows the test data may not choose among further trials of the experiment.
    """
    is_sealed = cached.experiment(experiment_dir).test_score is None
    may_search = is_sealed and experiment_state.may_resume(experiment_dir)
    may_start = sign_in.may(Action.START) and not store.is_imported(experiment_dir)
    if not trials or not (may_search or may_start):
        return
    with st.popover(_("Search on"), icon=":material/playlist_add:", key="search on"):
        if may_search:
            _offer_more(experiment_dir, trials)
        if may_search and may_start:
            st.divider()
        if may_start:
            _offer_other_data(experiment_dir)


def _offer_more(experiment_dir: Path, trials: list[TrialRecord]) -> None:
    """Draw the form of further trials of the experiment."""
    st.caption(_("The trials that have ended stay, and the search knows their scores."))
    wish = _asked(experiment_dir, trials)
    # never greyed: the click on it leaves a field, before the page knows what is in it
    if st.button(_("Go on"), type="primary", key="go on") and wish:
        try:
            guarded_actions.go_on(experiment_dir, wish)
        except UserError as error:
            st.error(wording.of_error(error))
        else:
            st.rerun()


def _offer_other_data(experiment_dir: Path) -> None:
    """Draw the form of a new experiment that goes on from the best network."""
    st.caption(
        _(
            "Train the best network on other data, as a new experiment. It says whether other "
            "pictures judge it: then its scores are not comparable with those here."
        )
    )
    other = _other_data(experiment_dir)
    key = f"go on with data {launch.number()}"
    if st.button(_("Go on with these data"), key=key) and other:
        launch.begin(lambda: guarded_actions.go_on_with(experiment_dir, other))
    if refusal := launch.problem():
        st.error(wording.plain(refusal))


def _other_data(experiment_dir: Path) -> OtherData | None:
    """Data in the form; None, and a sentence, if it is empty."""
    own = cached.experiment(experiment_dir).data_version
    path = cached.job(experiment_dir).training_data.path
    typed = st.text_input(
        _("Folder, archive or table"), key="other data", placeholder=str(path)
    ).strip()
    place = home.absolute(typed) if typed else path
    try:
        data_roots.check(place)
        known = [version.name for version in reversed(data_versions.of(place))]
    except UserError as error:
        st.error(wording.of_error(error))
        known = []
    names = [name for name in known if typed or name != own]
    version = st.selectbox(_("Version"), names, index=None, key="other version") if names else None
    minutes = st.number_input(_("Minutes"), 1, 60 * 24 * 60, _MINUTES, key="minutes on other data")
    if not typed and version is None:
        st.caption(_("Name other data, or choose a version of these."))
        return None
    return OtherData(place if typed else None, version, minutes=minutes)


def _asked(experiment_dir: Path, trials: list[TrialRecord]) -> Wish | None:
    """Wish in the form; None, and a sentence, if it is empty."""
    job = cached.job(experiment_dir)
    num_trials = epochs = 0
    changes: list[str] = []
    if job.is_sweep or job.is_automode:
        num_trials = st.number_input(
            _("Further trials"), 0, 1000, min(_TRIALS, job.limits.max_trials), key="further trials"
        )
    if job.is_sweep and num_trials:
        changes = _changed_space(job)
    if any(one.method == "fine_tuning" and one.best_epoch is not None for one in trials):
        epochs = st.number_input(
            _("Further epochs of the best network"),
            0,
            1000,
            0 if num_trials else _EPOCHS,
            key="further epochs",
            help=_("A trial of its own, which starts from the model of the best one."),
        )
    minutes = st.number_input(
        _("Minutes"),
        1,
        60 * 24 * 60,
        _MINUTES,
        key="further minutes",
        help=_("Counted from now on."),
    )
    if not num_trials and not epochs:
        st.caption(_("Ask for trials or epochs."))
        return None
    return Wish(trials=num_trials, minutes=minutes, epochs=epochs or None, changes=changes)


def _changed_space(job: Job) -> list[str]:
    """Change of the search space in the form; empty if there is none."""
    before = untrusted_yaml.dump(job.model_dump(mode="json", by_alias=True)["search_space"])
    asked = st.text_area(
        _("Search space of the further trials"),
        before,
        key="further space",
        help=_("Narrow or widen it, as a job file has it."),
    )
    return [] if asked.strip() == before.strip() else [f"search_space=\n{asked}"]


def seams(record: ExperimentRecord) -> None:
    """Say how the search went on beyond its first plan."""
    if record.parent:
        st.caption(wording.plain(wording.stored(record.parent.sentence)))
    for continuation in record.continuations:
        st.caption(wording.plain(wording.stored(continuation.sentence)))
