"""Export of a trial's model: form, progress, comparison with the trial, and download."""

import hashlib
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automl.access.permissions import Action
from automl.errors import ExportError, NotAllowedError
from automl.experiments.records import TrialRecord
from automl.export import formats
from automl.export.parity_report import Parity
from automl.export.request import ExportRequest
from automl.figures import wording
from automl.host import home
from automl.texts import _
from automl.ui import guarded_actions


def show(experiment_dir: Path, trial: TrialRecord) -> None:
    if not trial.state.is_finished:
        st.info(_("The model can be exported when the trial has ended."))
        return
    if not guarded_actions.may(Action.EXPORT, experiment_dir):
        st.info(_("Exporting a model needs the role analyst or admin."))
        return
    st.caption(
        _(
            "Before the download, the exported model is compared with the trial's model: "
            "both predict the same validation picture files."
        )
    )
    key = f"{experiment_dir.name} {trial.trial_id}"
    available = formats.load_all()
    name = st.radio(
        _("Format"),
        list(available),
        format_func=lambda name: _(available[name].title),
        captions=[_(each.description) for each in available.values()],
        key=f"export format {key}",
    )
    int8 = available[name].has_int8 and st.toggle(
        _("Also in 8-bit integers (int8)"),
        key=f"export int8 {key}",
        help=_("A quarter of the size; its accuracy is measured on all the validation pictures."),
    )
    target = export_dir(experiment_dir, trial, f"{name}{'-int8' if int8 else ''}")
    if not _is_whole(target) and st.button(
        _("Export"), type="primary", icon=":material/output:", key=f"export {key}"
    ):
        _export(experiment_dir, trial, name, target, int8=int8)
    if _is_whole(target):
        _exported(experiment_dir, target, f"{experiment_dir.name}-{trial.trial_id}-{name}.zip")


def exported_onnx(experiment_dir: Path, trials: list[TrialRecord]) -> dict[str, Path]:
    """Folders of the ONNX models that were exported already, by trial id."""
    folders = {trial.trial_id: export_dir(experiment_dir, trial, "onnx") for trial in trials}
    return {trial_id: folder for trial_id, folder in folders.items() if _is_whole(folder)}


def _is_whole(folder: Path) -> bool:
    return (folder / "parity.json").is_file()


def export_dir(experiment_dir: Path, trial: TrialRecord, name: str) -> Path:
    """Folder of an export; a trial that has run again gets another one and is exported again."""
    version = f"{experiment_dir.absolute()} {trial.trial_id} {trial.best_epoch} {trial.ended_at}"
    folder = hashlib.sha256(version.encode()).hexdigest()
    return home.cache_dir("exports") / folder / name


def _export(
    experiment_dir: Path, trial: TrialRecord, name: str, target: Path, *, int8: bool
) -> None:
    bar = st.progress(0.0, _("Starting"))
    try:
        request = ExportRequest(
            experiment_dir, trial.trial_id, name, target, with_int8=int8, replaces=True
        )
        guarded_actions.export(request, lambda activity, share: _draw(bar, activity, share))
    except (ExportError, NotAllowedError) as error:
        bar.empty()
        st.error(wording.of_error(error))
    else:
        st.rerun()  # draws the download instead of the button


def _draw(bar: DeltaGenerator, activity: str, share: float) -> None:
    bar.progress(share, wording.plain(wording.stored(activity)))


def _exported(experiment_dir: Path, folder: Path, file_name: str) -> None:
    parity = Parity.model_validate_json((folder / "parity.json").read_bytes())
    figures = [
        (_("Same class"), wording.percent(parity.agreement)),
        (_("Largest difference"), f"{parity.max_probability_difference:.1e}"),
        (_("One picture"), f"{parity.latency_ms:.1f} ms"),
        (_("Size"), f"{parity.size_bytes / 1e6:.1f} MB"),
    ]
    for column, (title, value) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(title, value, border=True)
    if parity.pictures == "validation":
        sentence = _(
            "It answers like {trial}, compared on {count} validation pictures; probabilities may "
            "differ by {tolerance:g}."
        )
    else:
        sentence = _(
            "It answers like {trial}, compared on {count} pictures of noise; probabilities may "
            "differ by {tolerance:g}."
        )
    said = sentence.format(
        trial=wording.plain(parity.trial_id),
        count=parity.num_images,
        tolerance=parity.tolerance,
    )
    st.caption(f":material/verified: {said}")
    if parity.onnx_input:
        st.caption(wording.plain(wording.stored(parity.onnx_input.sentence)))
    if parity.int8:
        st.caption(
            _(
                "int8: accuracy {accuracy:.3f}, not quantised {original_accuracy:.3f}, on "
                "{pictures}, {size_bytes:.1f} MB, {latency_ms:.1f} ms a picture."
            ).format(
                accuracy=parity.int8.accuracy,
                original_accuracy=parity.int8.original_accuracy,
                pictures=wording.count(parity.int8.num_images, "validation picture"),
                size_bytes=parity.int8.size_bytes / 1e6,
                latency_ms=parity.int8.latency_ms,
            )
        )
    st.download_button(
        _("Download"),
        lambda: guarded_actions.exported(experiment_dir, folder.name, folder),
        file_name=file_name,
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
    )
    with st.expander(_("Model card")):
        st.markdown((folder / "README.md").read_text("utf-8").partition("\n---\n")[2])
