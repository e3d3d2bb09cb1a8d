"""Draw pictures without a label one by one, to be labelled with keys."""

import io
import itertools
from pathlib import Path

import streamlit as st

from automl.dataset import label_sets
from automl.dataset.rendering import Rendering
from automl.errors import NotAllowedError, UserError
from automl.evaluation.label_next import LabelNext, Suggestion
from automl.figures import label_next_text, wording
from automl.jobs.job import Job
from automl.texts import _
from automl.ui import (
    cached,
    data_source,
    gallery,
    guarded_actions,
    links,
    selection,
    side_work_view,
)
from automl.ui.dataset import data_choice, labelling
from automl.ui.dataset.labelling import Batch

PLACE = "place"
"""Parameter of the address: where the pictures without a label are."""

_NUM_KEYS = 9
_MAX_SIDE = 480  # pixels


def choose_place() -> Path | None:
    """Draw the field for the place of the pictures; returns it once it can be used."""
    before = selection.remembered(PLACE) or ""
    text = st.text_input(
        _("Folder, or .zip, .tar, .parquet, .npz or .arrow file, of pictures without a label"),
        before,
        key=f"place instead of {before}",
        placeholder="/home/you/new pictures",
        help=_("The files stay where they are; their labels become part of the job."),
    ).strip()
    if text != before:
        selection.remember(PLACE, text or None)
        st.rerun()  # the field has another key from now on, and would lose the next text
    if not text:
        return None
    try:
        return data_source.from_path(text).path
    except UserError as error:
        st.error(wording.of_error(error))
        return None


@st.fragment
def show(job: Job, place: Path, class_names: list[str], rendering: Rendering) -> None:
    """Draw the pictures to label of a place.

    Args:
        job: the data and its corrections, as they were when the page was drawn.
        place: the pictures without a label.
        class_names: of the data, in the order of their keys.
        rendering: of the data.
    """
    batch = labelling.current(place)
    work = labelling.rankings().of(batch.key) if batch else None
    if batch is None or work is None or work.is_cancelled:
        _offer(job, place, _("Rank the pictures"))
        return
    if work.is_running() and work.answer is None:
        _wait(batch)
        return
    if work.answer is None:
        st.error(wording.plain(wording.stored(work.refusal)))
        _offer(job, place, _("Try again"))
        return
    if unreadable := label_next_text.unreadable(work.answer.num_unreadable):
        st.caption(unreadable)
    waiting = labelling.open_ones(batch, work.answer)
    if waiting:
        _ask(batch, waiting, class_names, rendering)
    else:
        _between(batch, job, place, work.answer)
    _forecast(work.answer)


def _offer(job: Job, place: Path, text: str) -> None:
    st.caption(
        _(
            "The pictures that a model would learn most from come first: those that it is least "
            "sure of, and no two alike. Their features are computed once."
        )
    )
    if st.button(text, type="primary", icon=":material/sort:"):
        _begin(job, place)


def _begin(job: Job, place: Path) -> None:
    current = job.model_copy(update={"corrections": data_choice.corrections()})
    before = labelling.current(place)
    count = labelling.BATCH + (len(before.skipped) if before else 0)
    try:
        key = guarded_actions.rank_to_label(labelling.rankings(), current, place, count)
    except (UserError, NotAllowedError) as error:
        st.error(wording.of_error(error))
        return
    if key is None:
        st.info(_("Other pictures are being ranked right now. Try again in a minute."))
        return
    labelling.begin(place, key)
    st.rerun()


@st.fragment(run_every=1.0)
def _wait(batch: Batch) -> None:
    work = labelling.rankings().of(batch.key)
    if work is None or not work.is_running() or work.answer is not None:
        st.rerun()
    side_work_view.bar_of_pictures(work, cancel="cancel the ranking")


def _ask(
    batch: Batch, waiting: list[Suggestion], class_names: list[str], rendering: Rendering
) -> None:
    """The first picture, its possible labels, and those that wait."""
    asked = waiting[0]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        picture = cached.enlarged(Path(asked.path), rendering)
        if picture is None:
            st.caption(_("The picture can no longer be read. Skip it."))
        else:
            st.image(picture, width=_width(picture), alt=_("Picture to label"))
        st.caption(wording.plain(asked.path))
    with right:
        st.markdown(
            _("**{pictures} to label**").format(pictures=wording.count(len(waiting), "picture"))
        )
        st.caption(wording.plain(label_next_text.reason(asked)))
        has_sets = data_choice.task().has_label_sets
        if has_sets:
            _label_set(batch, asked, class_names)
        else:
            _labels(batch, asked, class_names)
        with st.container(horizontal=True):
            st.button(
                _("Skip"),
                icon=":material/skip_next:",
                shortcut="S",
                on_click=labelling.skip,
                args=(batch, asked.path),
            )
            st.button(
                _("Undo"),
                key="undo the last label",
                icon=":material/undo:",
                shortcut="Backspace",
                disabled=not batch.decided,
                on_click=labelling.undo,
                args=(batch,),
            )
        if not has_sets:
            _other_class(batch, asked, class_names)
    if len(waiting) > 1:
        rest = [
            gallery.Picture(
                Path(each.path), wording.label(label_sets.text(label_sets.as_list(each.guess)))
            )
            for each in waiting[1:]
        ]
        gallery.strip(rest, width=56, key="pictures that wait for a label")


def _width(picture: bytes) -> int:
    """Width in pixels at which the whole picture fits beside the labels."""
    from PIL import Image  # Pillow would delay the first page

    with Image.open(io.BytesIO(picture)) as image:
        return max(1, round(min(_MAX_SIDE, _MAX_SIDE * image.width / image.height)))


def _labels(batch: Batch, asked: Suggestion, class_names: list[str]) -> None:
    """Buttons of the guess, and of the first nine classes with their keys."""

    def button(name: str, key: str, shortcut: str | None, *, is_guess: bool = False) -> None:
        st.button(
            wording.plain(name),
            key=key,
            type="primary" if is_guess else "secondary",
            shortcut=shortcut,
            on_click=labelling.label,
            args=(batch, asked.path, name),
        )

    names = _known(class_names)
    if isinstance(asked.guess, str) and asked.guess:
        if asked.probability is None:
            st.caption(_("The guess"))
        else:
            st.caption(_("The guess ({probability:.0%})").format(probability=asked.probability))
        button(asked.guess, "label by the guess", "Enter", is_guess=True)
    with st.container(horizontal=True, gap="xsmall"):
        for number, name in enumerate(names[:_NUM_KEYS], start=1):
            button(name, f"label {number}", str(number))


def _label_set(batch: Batch, asked: Suggestion, class_names: list[str]) -> None:
    """The labels of the picture, those of the guess at first; a key adds or removes one."""
    field = f"labels of {asked.path}"
    guess = label_sets.as_list(asked.guess or [])
    chosen: list[str] = st.session_state.setdefault(field, guess)
    names = list(dict.fromkeys([*_known(class_names), *chosen]))

    def turn(name: str) -> None:
        before = st.session_state[field]
        others = [each for each in before if each != name]
        st.session_state[field] = others if name in before else [*before, name]

    with st.container(horizontal=True, gap="xsmall"):
        for number, name in enumerate(names[:_NUM_KEYS], start=1):
            st.button(
                wording.plain(name),
                key=f"label {number}",
                type="primary" if name in chosen else "secondary",
                shortcut=str(number),
                on_click=turn,
                args=(name,),
            )

    def take() -> None:
        given = [name.strip() for name in st.session_state[field]]
        labelling.label(batch, asked.path, list(dict.fromkeys(filter(None, given))))

    st.multiselect(
        _("Labels"),
        names,
        accept_new_options=True,
        key=field,
        placeholder=_("No label"),
        help=_("Choose the right labels, or write new ones."),
    )
    st.button(
        _("Take these labels") if chosen else _("It has no label"),
        key="take the labels",
        type="primary",
        icon=":material/done:",
        shortcut="Enter",
        on_click=take,
    )


def _other_class(batch: Batch, asked: Suggestion, class_names: list[str]) -> None:
    """A field for a class without a key, or a new one."""
    field = f"other class of {asked.path}"

    def take() -> None:
        if name := (st.session_state[field] or "").strip():
            labelling.label(batch, asked.path, name)

    st.selectbox(
        _("Another class, or a new one"),
        _known(class_names),
        index=None,
        accept_new_options=True,
        key=field,
        on_change=take,
        placeholder=_("Choose or write a class"),
    )


def _known(class_names: list[str]) -> list[str]:
    """Classes of the data, then those that labels have added: no key changes its class."""
    added = map(label_sets.as_list, data_choice.corrections().add.values())
    return list(dict.fromkeys([*class_names, *itertools.chain.from_iterable(added)]))


def _between(batch: Batch, job: Job, place: Path, found: LabelNext) -> None:
    """After the last picture of a batch: the next ones, or what to do with the labels."""
    num_labelled = len(data_choice.corrections().add.keys() & set(batch.decided))
    st.success(
        _("{pictures} labelled.").format(pictures=wording.count(num_labelled, "picture")),
        icon=":material/done_all:",
    )
    with st.container(horizontal=True):
        if found.num_unlabelled > len(found.suggestions) and st.button(
            _("Next pictures"), type="primary", icon=":material/arrow_forward:", shortcut="Enter"
        ):
            _begin(job, place)
        if st.button(_("See the data"), icon=":material/photo_library:"):
            links.switch_page("pages/dataset.py", query_params=data_choice.link())
        if batch.decided:
            st.button(
                _("Undo"),
                key="undo the last label",
                icon=":material/undo:",
                on_click=labelling.undo,
                args=(batch,),
            )


def _forecast(found: LabelNext) -> None:
    if found.forecast:
        with st.expander(_("What more labels are worth")):
            for worth in found.forecast:
                st.markdown(wording.plain(label_next_text.worth(worth)))
            st.caption(
                _(
                    "A linear probe, fitted to parts of the labelled pictures and asked about "
                    "others; its learning curve is continued. This is a rough guide: the intervals "
                    "are wide."
                )
            )
