"""Explanation of an answer: the choice of the algorithm, and the explained picture."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import streamlit as st

from automl.dataset import picture_location
from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.explainer import Explainer, Explanation, missing
from automl.explanation.request import Algorithm, ExplanationParameters
from automl.explanation.scored import note
from automl.figures import wording
from automl.texts import _, mark
from automl.ui import cached, label_sets
from automl.ui.dialog import dialog
from automl.ui.version_cache import Version, for_version, versions

_SHOWN = "explanation in view"
_ALGORITHM = "explanation algorithm"
_LABEL = "label to explain"
_WIDTH = 520  # pixels; the picture and its text fit on a screen 720 pixels high
_HEAT_MAP_WIDTH = 360  # leaves room for the slider, too
_NAMES: dict[Algorithm, str] = {
    "guided_gradcam": mark("Guided Grad-CAM (about a second)"),
    "xrai": mark("Regions (XRAI, sharper and slower)"),
    "integrated_gradients": mark("Integrated gradients"),
    "guided_backprop": mark("Guided backpropagation"),
}
_OF_SEVERAL: tuple[Algorithm, ...] = ("guided_backprop", "xrai", "integrated_gradients")
"""Those for a model of several networks, which has no feature map for Grad-CAM; a quick one first.
"""


@dialog(mark("Why this answer?"), width="large")
def open_for(experiment_dir: Path, trial_id: str, picture: Path | bytes, name: str) -> None:
    """Open a dialog with a picture and its explanation; a slow one waits for its button.

    Args:
        experiment_dir: the experiment.
        trial_id: the trial whose model answers.
        picture: path of the file, or its content.
        name: name of the picture, shown to the user.
    """
    from automl.dataset import pictures  # slow

    _explainer().warm_up()
    left, right = st.columns([3, 2], gap="medium")
    with right:
        st.caption(wording.plain(name))
        is_requested = ask(experiment_dir, trial_id, is_asked=True)
    with left:
        if not show(experiment_dir, trial_id, picture, is_requested=is_requested):
            content = picture if isinstance(picture, Path) else io.BytesIO(picture)
            st.image(pictures.enlarged(content, _WIDTH, cached.rendering(experiment_dir)))


def ask(experiment_dir: Path, trial_id: str, *, is_asked: bool = False) -> bool:
    """Draw the choice of the algorithm and the button; True to explain now.

    Where pictures have any number of labels, one chooses the label that is explained, too.

    Args:
        experiment_dir: the experiment.
        trial_id: the trial whose model answers.
        is_asked: True if the visitor has asked already: the first algorithm has no button.
    """
    algorithms = offered(experiment_dir, trial_id)
    if problem := missing():
        st.caption(wording.plain(wording.stored(problem)))
        return False
    algorithm = st.selectbox(
        _("Explain with"),
        algorithms,
        format_func=lambda name: _(_NAMES[name]),
        key=f"{_ALGORITHM} out of {algorithms}",
        help=_(
            "The first one answers at once; the second shows whole regions and takes up to a "
            "minute."
        ),
    )
    if label_sets.are_in(experiment_dir):
        st.selectbox(
            _("What speaks for"),
            cached.class_names(experiment_dir),
            index=None,
            key=_LABEL,
            placeholder=_("The most probable label"),
        )
    if is_asked and algorithm == algorithms[0]:
        return True
    return st.button(_("Explain"), icon=":material/lightbulb:", type="primary", key="explain")


def offered(experiment_dir: Path, trial_id: str) -> tuple[Algorithm, ...]:
    """Algorithms that can explain the answers of a trial, the one to begin with first."""
    has_several = cached.trial(experiment_dir, trial_id).method in (
        "concatenated_probe",
        "ensemble",
    )
    return _OF_SEVERAL if has_several else tuple(_NAMES)


def show(
    experiment_dir: Path,
    trial_id: str,
    picture: Path | bytes,
    *,
    is_requested: bool,
    scored: Mapping[str, float] = MappingProxyType({}),
) -> bool:
    """Draw the explanation of a picture once it is requested; True if something was drawn.

    Args:
        experiment_dir: the experiment.
        trial_id: the trial whose model answers.
        picture: path of the file, or its content.
        is_requested: True if the button was pressed just now.
        scored: probability of each label in the answer that is shown beside, if there is one.
    """
    algorithms = offered(experiment_dir, trial_id)
    key = f"{_ALGORITHM} out of {algorithms}"
    algorithm: Algorithm = st.session_state.get(key, algorithms[0])
    label = st.session_state.get(_LABEL) if label_sets.are_in(experiment_dir) else None
    request = (experiment_dir, trial_id, picture, algorithm, label)
    if is_requested:
        st.session_state[_SHOWN] = request
    if st.session_state.get(_SHOWN) != request:
        return False
    try:
        explanation = _explained(*request)
    except ExplanationError as error:
        st.error(wording.of_error(error))
        return False
    assert explanation.picture is not None
    _heat_map(explanation.picture)
    st.caption(
        _(
            "Why {label} ({probability:.3f}). The picture is shown as the model gets it. "
            "Blue parts contribute least to the answer, white parts most."
        ).format(label=wording.plain(explanation.label), probability=explanation.probability)
    )
    for remark in explanation.notes:
        st.caption(wording.plain(_(remark)))
    if difference := note(experiment_dir, trial_id, scored, explanation):
        st.caption(wording.plain(difference))
    return True


def _heat_map(explained: bytes) -> None:
    """Draw the picture with the heat map over it, and what sets how much of each is seen."""
    from automl.explanation import picture  # slow

    shown = st.empty()
    only_strongest = st.toggle(
        _("Only the {share:.0f} % that contribute most").format(share=100 * picture.TOP_SHARE),
        key="strongest parts",
    )
    opacity = st.slider(
        _("Heat map over the picture"),
        0,
        100,
        60,
        10,
        format="%d %%",
        key="opacity of the heat map",
        disabled=only_strongest,
    )
    image = (
        picture.strongest(explained)
        if only_strongest
        else picture.overlay(explained, opacity / 100)
    )
    shown.image(image, width=_HEAT_MAP_WIDTH)


def _versions(
    experiment_dir: Path, trial_id: str, picture: Path | bytes, *_: object
) -> tuple[Version, ...]:
    """Versions of the weights of the trial's best model and of the picture's file."""
    weights = store.final_model_dir(experiment_dir, trial_id) / "model.safetensors"
    file = [picture_location.file_of(picture)] if isinstance(picture, Path) else []
    return versions([weights, *file])


@for_version(
    _versions, max_entries=50, spinner=mark("Explaining; the first time takes some seconds longer")
)
def _explained(
    experiment_dir: Path,
    trial_id: str,
    picture: Path | bytes,
    algorithm: Algorithm,
    label: str | None,
) -> Explanation:
    parameters = ExplanationParameters(xai_algorithm=algorithm)
    return _explainer().explain(experiment_dir, trial_id, picture, parameters, label=label)


@st.cache_resource(show_spinner=False)
def _explainer() -> Explainer:
    """Explainer of all sessions; its process ends when it is idle or when the app ends."""
    return Explainer()
