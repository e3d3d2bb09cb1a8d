"""Draw a data set before training: counts, findings, class sizes and sizes of pictures."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from automl.dataset import gallery_filter, label_sets
from automl.dataset.gallery_filter import Filter
from automl.dataset.manifest import Manifest
from automl.dataset.preview import fitting_side
from automl.dataset.rendering import Rendering
from automl.dataset.report import DatasetReport, Finding, Severity
from automl.evaluation import natural_order
from automl.figures import bar_charts, charts, wording
from automl.texts import _
from automl.ui import cached, gallery
from automl.ui.dataset import (
    bulk_changes,
    corrections_view,
    data_options,
    dataset_gallery,
    picture_view,
)

_LOOK: dict[Severity, tuple[wording.Color, str]] = {
    Severity.BLOCKING: ("red", ":material/block:"),
    Severity.WARNING: ("orange", ":material/warning:"),
    Severity.INFO: ("blue", ":material/info:"),
}
_NUM_SHOWN = 6


def summary(manifest: Manifest) -> None:
    """Draw the numbers of pictures, classes and parts, and the sizes, as wide as they are."""
    pictures, has_sets = manifest.readable, label_sets.are_in(manifest.samples)
    facts = [
        _("**{count}** pictures").format(count=wording.integer(len(pictures))),
        (_("**{count}** labels") if has_sets else _("**{count}** classes")).format(
            count=wording.integer(len(manifest.class_names))
        ),
        data_options.split_line(manifest.report),
        f"{_size(pictures)} px",
        wording.megabytes(int(pictures["num_bytes"].sum())),
    ]
    if unreadable := len(manifest.samples) - len(pictures):
        facts.append(_("**{count}** unreadable").format(count=wording.integer(unreadable)))
    st.markdown(" · ".join(facts), width="content")


def findings(
    corrected: Manifest,
    original: Manifest | None,
    predicted: Mapping[str, object],
) -> None:
    """Draw the findings, worst first, each with its pictures and the buttons that settle it.

    Args:
        corrected: the data set as corrected.
        original: the data set as it is; None if nothing can be changed.
        predicted: classes that the first score has found, by path; empty before it.
    """
    st.subheader(_("Findings"))
    every = corrected.report.findings
    remarks = [finding for finding in every if finding.severity is Severity.INFO]
    faults = [finding for finding in every if finding.severity is not Severity.INFO]
    if not faults:
        st.success(_("No problems were found."), icon=":material/check_circle:")

    def show(finding: Finding) -> None:
        readable = [Path(path) for path in finding.paths if path in corrected.readable_paths]
        with st.container(border=True, gap="xsmall"):
            _finding(finding, readable[:_NUM_SHOWN], corrected.rendering)
            acts: dict[str, bulk_changes.Answers] = {}
            with st.container(horizontal=True):
                if readable:
                    _show_pictures(finding.kind, corrected, original)
                if original:
                    acts = corrections_view.action(finding.kind, corrected, original, predicted)
                _files(finding, len(corrected.concerned[finding.kind]))
            bulk_changes.effects(acts, corrected)

    for finding in faults:
        show(finding)
    if remarks:
        with st.expander(
            _("Worth knowing ({count})").format(count=len(remarks)), expanded=not faults
        ):
            for finding in remarks:
                show(finding)


def _finding(finding: Finding, examples: list[Path], rendering: Rendering) -> None:
    color, icon = _LOOK[finding.severity]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(_(finding.severity.value), icon=icon, color=color)
        st.markdown(f"**{wording.kind(finding.kind)}**")
    st.markdown(wording.plain(finding.said()))
    if examples:
        pictures = [gallery.Picture(path, "", rendering=rendering) for path in examples]
        gallery.strip(pictures, width=56, key=f"pictures of {finding.kind}")


def _files(finding: Finding, count: int) -> None:
    if not count:
        return
    with st.popover(wording.count(count, "file")):
        st.code("\n".join(finding.paths), language=None)
        if count > len(finding.paths):
            st.caption(
                _("The first {shown} of {count}.").format(
                    shown=len(finding.paths), count=wording.integer(count)
                )
            )


def _show_pictures(kind: str, corrected: Manifest, original: Manifest | None) -> None:
    """Draw the button that enlarges the pictures of a finding and leaves them in the gallery."""
    if st.button(
        _("Show"),
        icon=":material/photo_library:",
        help=_("Look at them one after the other. Then all of them are in the gallery."),
        key=f"show {kind}",
        on_click=dataset_gallery.show_finding,
        args=(kind,),
    ):
        rows = gallery_filter.choose(corrected, Filter(finding=kind))
        picture_view.open_at(0, rows, corrected, original)


def class_sizes(manifest: Manifest) -> None:
    """Draw how many pictures the largest classes have."""
    report, has_sets = manifest.report, label_sets.are_in(manifest.samples)
    st.subheader(_("Pictures per label") if has_sets else _("Pictures per class"))
    shown = min(len(report.classes), 30)
    st.plotly_chart(bar_charts.classes(report.classes, shown), key="classes", config=charts.QUIET)
    if shown < len(report.classes):
        sentence = (
            _("The largest {shown} of {count} labels.")
            if has_sets
            else _("The largest {shown} of {count} classes.")
        )
        st.caption(sentence.format(shown=shown, count=wording.integer(len(report.classes))))


@st.fragment
def as_the_model_sees(manifest: Manifest) -> None:
    """Draw one picture as it is, as it is scored, and as training may see it."""
    samples = manifest.readable
    if samples.empty:
        return
    fold = st.expander(_("What the model will see"), key="what the model sees", on_change="rerun")
    if not fold.open:  # pictures in a closed fold are neither decoded nor sent
        return
    with fold:
        names = natural_order.names(manifest.class_names)
        chosen = st.selectbox(_("Picture of class"), names, key="class to preview")
        path = Path(samples.loc[label_sets.have(samples, chosen), "path"].iloc[0])
        side = fitting_side(manifest.median_side)
        views = cached.views(path, side, manifest.rendering)
        original = cached.thumbnail(path, manifest.rendering)
        if views is None or original is None:
            st.caption(_("The picture can no longer be read. Choose another class."))
            return
        with st.container(horizontal=True, gap="xsmall"):
            st.image(original, caption=_("as it is"), width=96)
            st.image(views[0], caption=_("scored"), width=96)
            for view in views[1:]:
                st.image(view, caption=_("trained on"), width=96)
        st.caption(
            _(
                "At {side} px. Training sees another random crop, brightness and contrast "
                "each time; whether pictures may be mirrored is chosen with the job."
            ).format(side=side)
        )


@st.fragment
def shapes(report: DatasetReport) -> None:
    """Draw the sizes, proportions, formats and modes of the pictures."""
    fold = st.expander(_("Sizes, formats and modes"), key="sizes", on_change="rerun")
    if not fold.open:
        return
    with fold:
        for name, distribution in (
            (_("Short side (pixels)"), report.short_sides),
            (_("Width / height"), report.aspect_ratios),
        ):
            if distribution:
                figure = bar_charts.distribution(distribution, name)
                st.plotly_chart(figure, key=f"distribution of {name}", config=charts.QUIET)
        kinds = [
            f"{name} {wording.integer(count)}"
            for name, count in (report.formats | report.modes).items()
        ]
        st.caption(wording.plain(" · ".join(kinds)))


def _size(pictures: pd.DataFrame) -> str:
    if pictures.empty:
        return wording.NOTHING
    return f"{pictures['width'].median():.0f} × {pictures['height'].median():.0f}"
