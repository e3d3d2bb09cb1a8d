"""Work beside the server on a page: offered, followed with a count and a way out, or refused."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from automl.figures import wording
from automl.jobs.job import Job
from automl.texts import _
from automl.ui.side_work import Answer, SideWork, SideWorks


@dataclass(frozen=True)
class Words:
    """Texts about one kind of work."""

    about: str
    """Text above the button that begins the work."""

    begin: str
    """Label of that button."""

    icon: str
    busy: str
    """Text in place of the work while this server does other work of the kind."""

    cancel: str
    """Key of the button that ends the work."""

    at_the_end: str = ""
    """Text once every picture was looked at; that of the pictures if left out."""


def show(
    every: SideWorks[Answer],
    key: str,
    job: Job,
    words: Words,
    draw: Callable[[Answer], None],
) -> None:
    """Draw the state of the work with this key, or its answer.

    Args:
        every: the work of this kind.
        key: names the work.
        job: what to begin the work with, if somebody asks for it.
        words: texts.
        draw: draws the answer.
    """
    work = every.of(key)
    if work is None or work.is_cancelled:
        _offer(every, key, job, words)
    elif work.is_running():
        _follow(work, words)
    elif work.refusal:
        st.info(wording.plain(wording.stored(work.refusal)))
    elif work.answer:
        draw(work.answer)


def _offer(every: SideWorks[Answer], key: str, job: Job, words: Words) -> None:
    st.caption(_(words.about))
    if st.button(_(words.begin), icon=words.icon):
        if every.begin(key, job) is None:
            st.info(_(words.busy))
            return
        st.rerun()


@st.fragment(run_every=1.0)
def _follow(work: SideWork[Answer], words: Words) -> None:
    if not work.is_running():
        st.rerun()
    bar_of_pictures(work, cancel=words.cancel, at_the_end=words.at_the_end)


def bar_of_pictures(work: SideWork[Answer], *, cancel: str, at_the_end: str = "") -> None:
    """Draw how many pictures the work has looked at, and the button that ends it.

    Args:
        work: unfinished work.
        cancel: key of the button.
        at_the_end: see `Words`.
    """
    done, total = work.count()
    share = done / total if total else 0.0
    text = (
        _("Looking at the pictures: {share:.0%}").format(share=share)
        if total
        else _("Reading the pictures")
    )
    if total and done == total and at_the_end:
        text = _(at_the_end)
    bar(work, share, text, cancel=cancel)


def bar(work: SideWork[Answer], share: float, text: str, *, cancel: str) -> None:
    """Draw the share of the work that is done, and the button with key `cancel` that ends it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, share), text)
        if st.button(_("Cancel"), icon=":material/close:", key=cancel):
            work.cancel()
            st.rerun()
