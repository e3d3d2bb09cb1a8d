"""Models as the form offers them: with their size, and where their pretrained weights are."""

from collections.abc import Iterable

import streamlit as st

from automl.figures import wording
from automl.jobs import model_catalog
from automl.model import pretrained_weights, weights_hub
from automl.model.pretrained_weights import Place
from automl.texts import _

_PLACES = "places of the weights"
_SMALL = (
    *("efficientnet_lite0", "mobilenetv1_100", "mobilenetv2", "mobilenetv3_small_100"),
    *("resnet18", "efficientnet_b0"),
)
"""Models that train in minutes on any machine; the first ones with weights are chosen at first."""


def ask_the_hub() -> None:
    """Let a thread find out if the Hub answers, before a choice of models is drawn."""
    weights_hub.is_known_silent()


def describe(name: str) -> str:
    """Name, parameters, and where the weights are; of a model outside the catalogue its name."""
    if name not in model_catalog.MODELS:
        return name
    parameters = wording.number(model_catalog.MODELS[name].parameters)
    return _("{name} ({parameters} M parameters, {weights})").format(
        name=name, parameters=parameters, weights=_(_places()[name].value)
    )


def summary(names: Iterable[str]) -> str:
    """Sentence on the weights of the models, for a place too narrow for `describe`."""
    places = {name: _(_places()[name].value) for name in names if name in model_catalog.MODELS}
    return "; ".join(f"{name}: {place}" for name, place in places.items())


def preferred(number: int) -> list[str]:
    """Models that are chosen at first: those with weights here, else those to be downloaded."""
    places = _places()
    ranked = sorted(_SMALL, key=lambda name: list(Place).index(places[name]))
    here = [name for name in ranked if places[name] is Place.HERE]
    return (here or ranked)[:number]


def _places() -> dict[str, Place]:
    """The same for the whole session: a browser sends a choice back by the text of its option."""
    if _PLACES not in st.session_state:
        st.session_state[_PLACES] = {
            name: pretrained_weights.place(model.timm_name)
            for name, model in model_catalog.MODELS.items()
        }
    places: dict[str, Place] = st.session_state[_PLACES]
    return places
