"""The thresholds of a model with label sets: changed with the effect shown, and kept with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from automl.access.permissions import Action
from automl.errors import NotAllowedError, UserError
from automl.evaluation import threshold_effects, thresholds
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions
from automl.evaluation.set_answers import SetAnswers
from automl.evaluation.thresholds import Aim
from automl.experiments import chosen_thresholds, groups
from automl.experiments.chosen_thresholds import Choice
from automl.figures import wording
from automl.prediction.inference import Predictor
from automl.texts import _, mark
from automl.ui import cached, guarded_actions

_KEPT, _BY_HAND, _ALL = mark("As kept with the model"), mark("By hand"), mark("All labels")
_KINDS = {
    mark("Highest F1"): "f1",
    mark("Precision of at least"): "precision",
    mark("Recall of at least"): "recall",
    mark("Cost of a false label"): "cost",
}


def show(experiment_dir: Path, model: Predictor) -> Predictor:
    """Draw the choice of thresholds and its effect; return the model with the chosen ones."""
    model = _as_kept(experiment_dir, model)
    predictions = cached.predictions(experiment_dir, model.trial_id)
    if predictions is None or not len(predictions.labels):
        return model
    kept = model.thresholds
    chosen, aim, one_for_all = _chosen(predictions, model)
    _effect(predictions, kept, chosen)
    if aim:
        together = groups.of(experiment_dir)
        _on_other_pictures(predictions, aim, together, one_for_all=one_for_all)
    with st.expander(_("Each label")):
        _each_label(predictions, chosen, model.labels)
    if not np.array_equal(kept, chosen):
        said = str(aim) if aim else chosen_thresholds.BY_HAND
        by_label = dict(zip(model.labels, chosen.tolist(), strict=True))
        _keep(experiment_dir, model.trial_id, Choice(aim=said, by_label=by_label))
    return model.with_thresholds(chosen)


def _as_kept(experiment_dir: Path, model: Predictor) -> Predictor:
    """The model with the thresholds that were chosen after its export, if any were."""
    choice = chosen_thresholds.load(experiment_dir, model.trial_id)
    if choice is None:
        return model
    return model.with_thresholds(np.array(choice.over(model.labels, model.thresholds.tolist())))


def _chosen(
    predictions: Predictions, model: Predictor
) -> tuple[NDArray[np.float64], Aim | None, bool]:
    """Thresholds (K,), what they are chosen for, and whether one is for all labels."""
    kind = st.selectbox(
        _("Predict a label from"),
        [_KEPT, *_KINDS, _BY_HAND],
        format_func=_,
        key=f"aim of {model.model_dir}",
        help=_("A label is predicted from this probability on."),
    )
    if kind == _KEPT:
        return model.thresholds, None, False
    if kind == _BY_HAND:
        return _by_hand(model), None, False
    value = 0.0
    if _KINDS[kind] in ("precision", "recall"):
        value = st.number_input(_("At least"), 0.01, 1.0, 0.9, 0.05, key=f"least {_KINDS[kind]}")
    elif _KINDS[kind] == "cost":
        value = st.number_input(
            _("As costly as so many missed ones"),
            0.01,
            1000.0,
            5.0,
            1.0,
            key="cost of a false label",
        )
    aim = Aim.parse("f1" if _KINDS[kind] == "f1" else f"{_KINDS[kind]}={value}")
    one_for_all = st.toggle(_("One threshold for all labels"), key="one threshold")
    found = thresholds.chosen(
        predictions.probabilities, predictions.labels, aim, one_for_all=one_for_all
    )
    return found.round(4), aim, one_for_all


def _by_hand(model: Predictor) -> NDArray[np.float64]:
    """The thresholds that were moved in this session; the others as kept."""
    key = f"thresholds by hand of {model.model_dir}"
    moved: dict[str, float] = st.session_state.setdefault(key, {})
    label = st.selectbox(
        _("Threshold of"),
        [_ALL, *model.labels],
        format_func=lambda name: _(name) if name == _ALL else name,
        key=f"label of {key}",
    )
    current = {
        name: moved.get(name, float(each))
        for name, each in zip(model.labels, model.thresholds, strict=True)
    }
    slider = f"threshold of {label} in {model.model_dir}"

    def take() -> None:
        value = st.session_state[slider]
        moved.update(dict.fromkeys(model.labels, value) if label == _ALL else {label: value})

    start = float(np.mean(list(current.values()))) if label == _ALL else current[label]
    st.session_state[slider] = round(start, 2)
    st.slider(_("Threshold"), 0.0, 1.0, step=0.01, key=slider, on_change=take)
    return np.array(list(current.values()))


def _effect(
    predictions: Predictions, kept: NDArray[np.float64], chosen: NDArray[np.float64]
) -> None:
    before, now = (
        threshold_effects.scores(SetAnswers(predictions.probabilities, predictions.labels, each))
        for each in (kept, chosen)
    )
    table = pd.DataFrame(
        {
            "metric": [wording.metric_heading(key) for key in now],
            _("as kept"): before.values(),
            _("now"): now.values(),
        }
    )
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "metric": st.column_config.TextColumn(""),
            _("as kept"): number,
            _("now"): number,
        },
        alt=_("Effect of the thresholds"),
    )
    count = wording.count(len(predictions.labels), "picture")
    st.caption(_("On the {count} that the model was scored on.").format(count=count))


def _on_other_pictures(
    predictions: Predictions, aim: Aim, together: Groups, *, one_for_all: bool
) -> None:
    answers = thresholds.cross_fitted(predictions, aim, together, one_for_all=one_for_all)
    scores = threshold_effects.scores(answers)
    said = ", ".join(
        f"{wording.metric(key)} {scores[key]:.3f}" for key in threshold_effects.KEYS[:4]
    )
    st.caption(_("On pictures that such thresholds were not chosen on: {said}.").format(said=said))


def _each_label(predictions: Predictions, chosen: NDArray[np.float64], names: list[str]) -> None:
    answers = SetAnswers(predictions.probabilities, predictions.labels, chosen)
    number = st.column_config.NumberColumn
    shares = {
        "threshold": _("Threshold"),
        "precision": _("Precision"),
        "recall": _("Recall"),
        "F1": "F1",
    }
    st.dataframe(
        threshold_effects.by_label(answers, names),
        hide_index=True,
        column_config={
            "label": st.column_config.TextColumn(_("Label")),
            **{name: number(title, format="%.2f") for name, title in shares.items()},
            "missed": number(_("Missed")),
            "false": number(_("False")),
        },
        alt=_("Thresholds of each label"),
    )


def _keep(experiment_dir: Path, trial_id: str, choice: Choice) -> None:
    if not guarded_actions.may(Action.CHOOSE_THRESHOLDS, experiment_dir):
        return
    if st.button(
        _("Keep with the model"),
        icon=":material/save:",
        help=_("The command line, the server and exports then answer with these thresholds."),
    ):
        try:
            guarded_actions.choose_thresholds(experiment_dir, trial_id, choice)
        except (UserError, NotAllowedError) as error:
            st.error(wording.of_error(error))
        else:
            st.rerun()
