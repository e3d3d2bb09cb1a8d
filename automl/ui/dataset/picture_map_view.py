"""Draw the map of a data set; pictures that are circled can be looked at and corrected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from automl.dataset.manifest import Manifest
from automl.evaluation.picture_map import PictureMap
from automl.figures import charts, picture_map, wording
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
from automl.texts import _, mark
from automl.ui import gallery, side_work_view
from automl.ui.dataset import bulk_changes, first_score_view, picture_view
from automl.ui.side_work import SideWorks
from automl.ui.side_work_view import Words

_NO_FINDING = mark("no finding")
_WORDS = Words(
    about=mark(
        "Pictures that a pretrained network finds alike lie near each other: near copies, "
        "strange pictures, and a class that falls into two lumps are seen at once. It takes "
        "a minute."
    ),
    begin=mark("Draw the map"),
    icon=":material/scatter_plot:",
    busy=mark("The map of other pictures is being drawn right now. Try again in a minute."),
    cancel="cancel the map",
    at_the_end=mark("Arranging the pictures"),
)


@st.cache_resource
def maps() -> SideWorks[PictureMap]:
    """The maps of this server."""
    return SideWorks("automl.engine.picture_map", PictureMap)


@st.fragment
def show(job: Job, corrected: Manifest, original: Manifest) -> None:
    """Draw the map in a fold, which computes it when it is asked for.

    Args:
        job: the data and its corrections; the map is that of the data as it is, so that a
            correction moves no picture.
        corrected: the data set as corrected.
        original: the data set as it is.
    """
    fold = st.expander(_("Map of the pictures"), key="map of the pictures", on_change="rerun")
    if not fold.open:
        return
    with fold:
        key = original.report.data_hash
        plain = job.model_copy(update={"corrections": Corrections()})

        def draw(found: PictureMap) -> None:
            _draw(found, job, corrected, original)

        side_work_view.show(maps(), key, plain, _WORDS, draw)


def _draw(found: PictureMap, job: Job, corrected: Manifest, original: Manifest) -> None:
    columns = {"x": found.x, "y": found.y, "path": found.paths, "place": range(len(found.x))}
    places = pd.DataFrame(columns)
    rows = places.merge(corrected.readable, on="path")  # those that were left out are not drawn
    colourings = _colourings(job, corrected)
    chosen = st.segmented_control(
        _("Colours"), list(colourings), default="class", format_func=_, key="map colours"
    )
    groups = colourings[chosen or "class"](rows)
    state: Any = st.plotly_chart(
        picture_map.figure(rows, groups),
        key=f"map of {original.report.data_hash}",
        on_select="rerun",
        selection_mode=("lasso", "box", "points"),
        config=charts.MOVABLE,
    )
    st.caption(_extent(found))
    # by their places in the map, because rows change with the corrections
    picked = rows[rows["place"].isin([charts.place(point) for point in state.selection.points])]
    if len(picked):
        _selected(picked, corrected, original)
    else:
        st.caption(_("Circle pictures with the mouse, or click one, to see them."))


def _extent(found: PictureMap) -> str:
    text = _("{model_name} at {side} px, arranged by t-SNE.").format(
        model_name=found.model_name, side=found.side
    )
    if found.num_left_out:
        sentence = _("A random {count} of the pictures; {left_out} more.")
        text += " " + sentence.format(
            count=wording.integer(len(found.paths)), left_out=wording.integer(found.num_left_out)
        )
    return wording.plain(text)


def _colourings(job: Job, corrected: Manifest) -> dict[str, Callable[[pd.DataFrame], list[str]]]:
    """The group of each row, by what the colours can say."""
    kinds: dict[str, str] = {}
    for kind, paths in corrected.concerned.items():
        for path in paths:
            kinds.setdefault(path, wording.kind(kind))
    colourings: dict[str, Callable[[pd.DataFrame], list[str]]] = {
        mark("class"): lambda rows: rows["label"].astype(str).tolist(),
        mark("split"): lambda rows: rows["split"].astype(str).tolist(),
        mark("finding"): lambda rows: [kinds.get(path, _("no finding")) for path in rows["path"]],
    }
    doubtful = first_score_view.doubtful(job, corrected)
    if doubtful is not None:
        colourings[mark("doubt")] = lambda rows: [
            _("label in doubt") if path in doubtful else _("no doubt") for path in rows["path"]
        ]
    return colourings


def _selected(rows: pd.DataFrame, corrected: Manifest, original: Manifest) -> None:
    def page_of(part: slice) -> list[gallery.Picture]:
        shown = rows.iloc[part]
        return [
            gallery.Picture(Path(path), wording.label(label), rendering=corrected.rendering)
            for path, label in zip(shown["path"], shown["label"], strict=True)
        ]

    first = rows["path"].iloc[0]
    bulk_changes.show(rows, corrected, original, key=f"the circled {first} {len(rows)}")
    picked = gallery.show(len(rows), page_of, key=f"map {first} {len(rows)}", opens=True)
    if picked is not None:
        picture_view.open_at(picked, rows, corrected, original)
