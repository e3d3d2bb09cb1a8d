"""Why a model answers as it does: the choice of how to find out, and the picture of it."""

import io
from pathlib import Path
from typing import get_args

import streamlit as st

from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.explainer import Explainer, Explanation, missing
from automl.explanation.request import Algorithm, ExplanationParameters
from automl.figures import wording
from automl.ui.version_cache import Version, for_version, versions

_SHOWN = "explanation in view"
_ALGORITHM = "explanation algorithm"
_WIDTH = 520  # pixels; with what is said about it, it is on a screen of 720
_NAMES: dict[str, str] = {
    "xrai": "Regions (XRAI)",
    "guided_gradcam": "Guided Grad-CAM",
    "integrated_gradients": "Integrated gradients",
    "guided_backprop": "Guided backpropagation",
}


@st.dialog("Why this answer?", width="large")
def open_for(experiment_dir: Path, trial_id: str, picture: Path | bytes, name: str) -> None:
    """A picture and, once asked for, what the answer is for.

    Args:
        experiment_dir: the experiment.
        trial_id: whose model answers.
        picture: a file, or its content.
        name: what to call it.
    """
    from automl.dataset import pictures  # slow

    left, right = st.columns([3, 2], gap="medium")
    with right:
        st.caption(wording.plain(name))
        asked = ask()
    with left:
        if not show(experiment_dir, trial_id, picture, asked=asked):
            content = picture if isinstance(picture, Path) else io.BytesIO(picture)
            st.image(pictures.enlarged(content, _WIDTH))


def ask() -> bool:
    """The choice of an algorithm, and whether the button was pressed just now."""
    if sentence := missing():
        st.caption(wording.plain(sentence))
        return False
    st.selectbox(
        "Explain with",
        sorted(get_args(Algorithm), key=list(_NAMES).index),
        format_func=_NAMES.__getitem__,
        key=_ALGORITHM,
        help="From the clearest and slowest to the fastest.",
    )
    return st.button("Explain", icon=":material/lightbulb:", type="primary", key="explain")


def show(experiment_dir: Path, trial_id: str, picture: Path | bytes, *, asked: bool) -> bool:
    """The explanation of a picture, once it was asked for; whether there is something to see.

    Args:
        experiment_dir: the experiment.
        trial_id: whose model is asked.
        picture: a file, or its content.
        asked: whether the button was pressed just now.
    """
    algorithm: Algorithm = st.session_state.get(_ALGORITHM, "xrai")
    wanted = (experiment_dir, trial_id, picture, algorithm)
    if asked:
        st.session_state[_SHOWN] = wanted
    if st.session_state.get(_SHOWN) != wanted:
        return False
    try:
        found = _explained(experiment_dir, trial_id, picture, algorithm)
    except ExplanationError as error:
        st.error(wording.plain(str(error)))
        return False
    assert found.picture is not None
    st.image(found.picture, width=_WIDTH)
    st.caption(
        f"Why {wording.plain(found.label)} ({found.probability:.3f}). Above: what the model sees, "
        "and how much each part speaks for the answer (blue least, white most). "
        "Below: both together, and the 30 % that matter most."
    )
    for note in found.notes:
        st.caption(wording.plain(note))
    return True


def _versions(
    experiment_dir: Path, trial_id: str, picture: Path | bytes, _: Algorithm
) -> tuple[Version, ...]:
    """Versions of the weights of the trial's best model and of the picture's file."""
    weights = store.checkpoint_dir(experiment_dir, trial_id) / "model.safetensors"
    return versions([weights, picture] if isinstance(picture, Path) else [weights])


@for_version(
    _versions, max_entries=50, spinner="Explaining; the first time takes half a minute longer"
)
def _explained(
    experiment_dir: Path, trial_id: str, picture: Path | bytes, algorithm: Algorithm
) -> Explanation:
    parameters = ExplanationParameters(xai_algorithm=algorithm)
    return _explainer().explain(experiment_dir, trial_id, picture, parameters)


@st.cache_resource(show_spinner=False)
def _explainer() -> Explainer:
    """The explainer of all sessions; its process ends when it is idle, and with the app."""
    return Explainer()
