"""Time, memory and disk of the job beside the form, measured while one looks at it."""

import shutil

import psutil
import streamlit as st

from automl.dataset.manifest import Manifest
from automl.figures import wording
from automl.host import home
from automl.jobs import estimate
from automl.jobs.estimate import Estimate
from automl.jobs.job import Job
from automl.texts import _
from automl.ui import side_work, side_work_view
from automl.ui.side_work import SideWorks

_KEY = "key of the estimate"
_WITHOUT_PART = ("timeout_minutes", "trial_timeout_minutes", "exit_score", "stop_when_no_gain")
"""Limits that change no measurement."""


@st.cache_resource
def _estimates() -> SideWorks[Estimate]:
    """The estimates of this server."""
    return SideWorks(estimate.MODULE, Estimate, estimate.LIMIT_SECONDS)


def show(job: Job, data: Manifest) -> None:
    """Draw the estimate, which begins by itself and gets better with each measured network."""
    key = f"{data.report.data_hash} {_measured_part(job)}"
    if st.session_state.get(_KEY) != key:
        end()
    st.session_state[_KEY] = key
    every = _estimates()
    work = every.of(key)
    if work is None and side_work.is_automatic():
        work = every.begin(key, job)
    if work is not None and work.is_running():
        _follow(key, job, had_answer=work.answer is not None)
        return
    if work is not None and work.answer:
        _draw(work.answer, job)
    if work is not None and work.refusal:
        st.info(wording.plain(wording.stored(work.refusal)))
    if work is None or work.is_cancelled or work.refusal:
        _offer(key, job)


def _measured_part(job: Job) -> str:
    return job.model_dump_json(
        exclude={"primary_metric": True, "limits": dict.fromkeys(_WITHOUT_PART, True)}
    )


def end() -> None:
    """End the measurement that this session looks at; its cores are needed for something else."""
    if work := _estimates().of(st.session_state.get(_KEY, "")):
        work.cancel()


def _offer(key: str, job: Job) -> None:
    asked = st.button(
        _("Estimate time and memory"),
        icon=":material/timer:",
        help=_(
            "Trains a few steps of these models on this machine; takes at most {seconds} s."
        ).format(seconds=estimate.LIMIT_SECONDS),
    )
    if asked:
        if _estimates().begin(key, job) is None:
            st.info(_("Another job is being measured right now. Try again in half a minute."))
            return
        st.rerun()


@st.fragment(run_every=1.0)
def _follow(key: str, job: Job, *, had_answer: bool) -> None:
    work = _estimates().of(key)
    # with the first answer the plan of AutoMode is known, too
    if work is None or not work.is_running() or had_answer != (work.answer is not None):
        st.rerun()
    done, total = work.count()
    text = (
        _("Measuring: {done} of {networks}").format(
            done=done, networks=wording.count(total, "network")
        )
        if total
        else _("Measuring")
    )
    share = max(done / max(1, total), work.process.seconds / estimate.LIMIT_SECONDS)
    side_work_view.bar(work, share, text, cancel="cancel the estimate")
    if work.answer:
        _draw(work.answer, job)


def _draw(measured: Estimate, job: Job) -> None:
    limit = 60.0 * job.limits.timeout_minutes
    parts = [
        _("At most **{duration}**").format(duration=wording.duration(min(measured.seconds, limit))),
        _("**{memory_bytes}** of memory").format(
            memory_bytes=wording.gigabytes(measured.memory_bytes)
        ),
        _("**{disk_bytes}** of disk.").format(disk_bytes=wording.gigabytes(measured.disk_bytes)),
    ]
    each = [
        _("- {model_name} at {side} px: {duration} an epoch").format(
            model_name=wording.plain(trial.model_name),
            side=trial.side,
            duration=wording.duration(trial.seconds_per_epoch),
        )
        for trial in measured.measured
    ]
    st.markdown(", ".join(parts), help="\n".join(each))
    for warning in warnings(measured, job):
        st.warning(wording.plain(warning))
    for note in measured.notes:
        st.caption(wording.plain(wording.stored(note)))


def warnings(measured: Estimate, job: Job) -> list[str]:
    """Return a sentence for every limit of the machine or the job that the estimate exceeds."""
    found = []
    limit = job.limits.timeout_minutes * 60
    if measured.seconds > limit and not job.is_automode:  # which plans by its limit
        fitting = int(measured.num_trials * limit / measured.seconds)
        sentence = (
            _(
                "The time limit ends the search after about {fitting} of {trials}. Raise it, "
                "or choose smaller models."
            )
            if fitting
            else _(
                "The time limit ends the search before its first trial would end. Raise it, or "
                "choose smaller models."
            )
        )
        found.append(
            sentence.format(fitting=fitting, trials=wording.count(measured.num_trials, "trial"))
        )
    free = psutil.virtual_memory().available
    if measured.device == "cpu" and measured.memory_bytes > free:
        found.append(
            _(
                "The trials need {memory_bytes} of memory and {free} are free. Choose "
                "smaller models, pictures or batches."
            ).format(
                memory_bytes=wording.gigabytes(measured.memory_bytes), free=wording.gigabytes(free)
            )
        )
    free = shutil.disk_usage(home.home_dir()).free
    if measured.disk_bytes > free:
        found.append(
            _(
                "The search needs {disk_bytes} of disk and {free} are free. Clear the cache "
                "on the page Settings, or choose smaller pictures."
            ).format(
                disk_bytes=wording.gigabytes(measured.disk_bytes), free=wording.gigabytes(free)
            )
        )
    return found
