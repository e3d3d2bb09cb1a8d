"""Predict page: predictions of the best model for new pictures, and its download."""

from pathlib import Path

import streamlit as st

from automl.access.permissions import Action
from automl.dataset import picture_location
from automl.experiments import store
from automl.experiments.records import ExperimentState
from automl.figures import wording
from automl.texts import _
from automl.ui import cached, data_source, frame, guarded_actions, label_sets, links, selection
from automl.ui.predict import (
    kept_view,
    pictures_source,
    predictions_view,
    serving_view,
    thresholds_view,
)

experiment_dir, state = frame.begin_with_experiment(frame.USE, Action.PREDICT)


def no_model() -> None:
    if state.is_finished:
        if state not in (ExperimentState.FAILED, ExperimentState.INTERRUPTED):
            st.info(_("This experiment ended without a model: no trial was evaluated."))
    else:
        st.info(_("You can try the best model here when the experiment has ended."))
    selection.link(
        "pages/progress.py", experiment_dir, _("See the progress"), ":material/monitoring:"
    )
    if state.is_finished:
        links.new_experiment(experiment_dir)
    st.stop()


def validation_pictures() -> dict[Path, str]:
    """Validation pictures of up to six classes, with a text that names their true class."""
    samples = cached.samples(experiment_dir)
    if samples is None:
        return {}
    held_out = samples[samples["split"] == "validation"].drop_duplicates("label").head(6)
    pictures = map(Path, held_out["path"])
    has_sets = label_sets.are_in(experiment_dir)
    sentence = _("Its true labels are {truth}.") if has_sets else _("Its true class is {truth}.")
    labels = [sentence.format(truth=text or _("none")) for text in held_out["label"]]
    known = zip(pictures, labels, strict=True)
    return {path: text for path, text in known if picture_location.exists(path)}


if not (store.best_model_dir(experiment_dir) / "model.onnx").is_file():
    no_model()
left, right = st.columns([3, 1], gap="medium")
with right:
    model_dir = predictions_view.choose_model(experiment_dir)
    try:
        model = predictions_view.predictor(model_dir)
    except ValueError as error:
        st.error(wording.of_error(error))
        st.stop()
    model = predictions_view.marking(model)
    caution = predictions_view.caution(experiment_dir, model)
    if model.has_label_sets:
        model = thresholds_view.show(experiment_dir, model)
    what = _("Labels") if model.has_label_sets else _("Classes")
    st.caption(f"{what}: {wording.plain(', '.join(model.labels[:12]))}")
    if guarded_actions.may(Action.EXPORT, experiment_dir):
        st.download_button(
            _("Download the model"),
            lambda: guarded_actions.exported(experiment_dir, "model", model_dir),
            file_name=f"{experiment_dir.name}-model.zip",  # .zip alone is the shared experiment
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            help=_("The model in ONNX format with its labels and settings."),
        )
    if model_dir == store.best_model_dir(experiment_dir):
        serving_view.show(experiment_dir)
        kept_view.show(experiment_dir)
with left:
    chosen = pictures_source.choose(
        can_draw=data_source.is_digits(cached.job(experiment_dir).training_data)
    )
    if chosen is None and (known := validation_pictures()):
        st.subheader(_("Validation pictures"))
        if store.is_imported(experiment_dir):
            st.caption(
                _(
                    "These are thumbnails, for a shared experiment has no others: the model may "
                    "answer otherwise for the pictures themselves."
                )
            )
        trials = cached.trials(experiment_dir)
        if any(trial.fitted_to for trial in trials if trial.trial_id == model.trial_id):
            st.caption(
                _(
                    "The model was fitted to these pictures, too. Its score comes from "
                    "models that had not seen them."
                )
            )
        chosen = predictions_view.of_files(known)
    if chosen is not None:
        answered = predictions_view.answers(chosen, model)
        predictions_view.show(answered, model, caution, experiment_dir)
