"""Data and job of an experiment, as it recorded them; nothing can be changed."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from automl.dataset import manifest
from automl.figures import wording
from automl.texts import _
from automl.ui import cached, job_text, links
from automl.ui.dataset import dataset_gallery, dataset_view, label_sets_view


def data(experiment_dir: Path) -> None:
    """Draw the pictures of the experiment and what was found about them."""
    samples, report = cached.samples(experiment_dir), cached.report(experiment_dir)
    if samples is None or report is None:
        st.info(_("The pictures appear here when the engine has read them."))
        return
    concerned = {finding.kind: list(finding.paths) for finding in report.findings}
    recorded = replace(manifest.stored(samples, report), concerned=concerned)
    dataset_view.summary(recorded)
    version = cached.experiment(experiment_dir).data_version
    st.caption(
        wording.plain(_("Version of the data: {version}").format(version=version))
        if version
        else _("The version of the data is not known.")
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        dataset_gallery.show(recorded, None)
        dataset_view.class_sizes(recorded)
        label_sets_view.show(recorded)
        dataset_view.shapes(report)
    with right:
        dataset_view.findings(recorded, None, {})


def job(experiment_dir: Path) -> None:
    """Draw the job of the experiment, and the plan that was made for it."""
    asked_for, record = cached.job(experiment_dir), cached.experiment(experiment_dir)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        job_text.show(asked_for, experiment_dir.name)
    with right:
        links.new_experiment(experiment_dir)
        for sentence in record.plan:
            st.markdown(wording.as_list(wording.stored(sentence)))
