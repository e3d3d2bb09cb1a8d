"""A data set before training: how much, of what size, how healthy, what it looks like."""

from pathlib import Path

import pandas as pd
import streamlit as st

from automl.dataset.manifest import Manifest
from automl.dataset.report import DatasetReport, Finding, Severity
from automl.ui import charts, gallery, wording

_LOOK: dict[Severity, tuple[wording.Color, str]] = {
    Severity.BLOCKING: ("red", ":material/block:"),
    Severity.WARNING: ("orange", ":material/warning:"),
    Severity.INFO: ("blue", ":material/info:"),
}
_ALL = "All classes"


def readable(samples: pd.DataFrame) -> pd.DataFrame:
    return samples[samples["problem"].fillna("") == ""]


def median_side(manifest: Manifest) -> float:
    """Median over the pictures of the shorter side, in pixels."""
    return float(readable(manifest.samples)[["width", "height"]].min(axis=1).median())


def summary(manifest: Manifest) -> None:
    pictures = readable(manifest.samples)
    unreadable = len(manifest.samples) - len(pictures)
    metrics = (
        ("Pictures", f"{len(pictures):,}"),
        ("Classes", f"{len(manifest.class_names):,}"),
        ("Median size", _size(pictures)),
        ("On disk", _megabytes(int(pictures["num_bytes"].sum()))),
        ("Unreadable", f"{unreadable:,}"),
    )
    for column, (name, value) in zip(st.columns(len(metrics)), metrics, strict=True):
        column.metric(name, value, border=True)


def findings(report: DatasetReport) -> None:
    """Worst first, each with the files it concerns."""
    st.subheader("Findings")
    if not report.findings:
        st.success("Nothing wrong was found.", icon=":material/check_circle:")
    for finding in report.findings:
        _finding(finding)


def _finding(finding: Finding) -> None:
    color, icon = _LOOK[finding.severity]
    with st.container(border=True, gap="xsmall"):
        st.badge(finding.severity.value, icon=icon, color=color)
        st.markdown(wording.plain(finding.message))
        if finding.paths:
            with st.expander(f"{wording.count(finding.count, 'file')}"):
                st.code("\n".join(finding.paths), language=None)


def class_sizes(report: DatasetReport) -> None:
    st.subheader("Pictures per class")
    shown = min(len(report.classes), 30)
    st.plotly_chart(charts.classes(report.classes, shown), key="classes", config=charts.QUIET)
    if shown < len(report.classes):
        st.caption(f"The largest {shown} of {len(report.classes):,} classes.")


def pictures(manifest: Manifest) -> None:
    st.subheader("Pictures")
    chosen = st.selectbox("Class", [_ALL, *manifest.class_names], label_visibility="collapsed")
    found = readable(manifest.samples)
    if chosen == _ALL:
        found = found.assign(turn=found.groupby("label").cumcount())
        found = found.sort_values(["turn", "label_index"], kind="stable")
    else:
        found = found[found["label"] == chosen]

    def page_of(part: slice) -> list[gallery.Picture]:
        rows = found.iloc[part]
        return [
            gallery.Picture(Path(path), label)
            for path, label in zip(rows["path"], rows["label"], strict=True)
        ]

    gallery.show(len(found), page_of, key=f"class {chosen}", width=80)


def _size(pictures: pd.DataFrame) -> str:
    if pictures.empty:
        return wording.NOTHING
    return f"{pictures['width'].median():.0f} × {pictures['height'].median():.0f}"


def _megabytes(num_bytes: int) -> str:
    return f"{wording.number(num_bytes / 1e6)} MB"
