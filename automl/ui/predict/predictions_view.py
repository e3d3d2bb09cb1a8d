"""Predictions of a model for chosen pictures, as cards or as a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from automl.dataset import pictures as picture_files
from automl.dataset.rendering import Rendering
from automl.errors import UserError
from automl.evaluation import confidence, unlike
from automl.experiments import store
from automl.figures import bar_charts, charts, wording
from automl.prediction import input_pictures
from automl.prediction.inference import (
    UNFLAGGED,
    Answer,
    Failure,
    Picture,
    Predictor,
    Unlike,
)
from automl.prediction.input_pictures import FoundPicture
from automl.texts import _, mark
from automl.ui import cached, export_view
from automl.ui.answers import explanation_view
from automl.ui.predict import pictures_source, predictions_table
from automl.ui.predict.answered_picture import NO_CAUTION, NOT_SURE, AnsweredPicture, Caution
from automl.ui.predict.pictures_source import Chosen
from automl.ui.version_cache import for_version, versions

_MAX_CARDS = 12
_KEPT = "answers in view"
_WHY = ":material/lightbulb:"


@for_version(
    lambda folder: versions([folder / "model.onnx", folder / "settings.json"]),
    max_entries=2,
    spinner=mark("Loading the model"),
)
def predictor(model_dir: Path) -> Predictor:
    return Predictor(model_dir)


def choose_model(experiment_dir: Path) -> Path:
    """Name the model that answers, or draw a choice if several trials were exported as ONNX.

    Returns its folder. The trial in the address is chosen first.
    """
    best = store.best_model_dir(experiment_dir)
    best_trial = cached.experiment(experiment_dir).best_trial or ""
    metric = cached.job(experiment_dir).primary_metric
    trials = {trial.trial_id: trial for trial in cached.trials(experiment_dir)}
    rest = [trial for trial in trials.values() if trial.trial_id != best_trial]
    folders: dict[str, Path] = {best_trial: best, **export_view.exported_onnx(experiment_dir, rest)}
    asked_for = st.query_params.get("trial")
    if asked_for and asked_for not in folders:
        st.info(
            _("The trial in the address has no ONNX model yet: export it under *Take it away*.")
        )

    def title(trial_id: str) -> str:
        trial = trials.get(trial_id)
        if trial is None:
            return _("The best one")
        name = f"{wording.trial(trial)} · {wording.score_of(trial, metric)}"
        return _("Best: {name}").format(name=name) if trial_id == best_trial else name

    shown = asked_for if asked_for in folders else best_trial
    chosen: str = st.selectbox(
        _("Model that answers"),
        list(folders),
        index=list(folders).index(shown),
        format_func=title,
        key=f"model instead of that of {shown}",
        help=_("The best model, and those of other trials that were exported as ONNX."),
    )
    if chosen != shown:  # a reload keeps it
        st.query_params["trial"] = chosen
    return folders[chosen]


def marking(model: Predictor) -> Predictor:
    """Draw the choice of how many pictures are marked as unlike the training pictures.

    Returns the model that marks so many.
    """
    if model.unlike is None:
        st.caption(_(UNFLAGGED))
        return model
    usual = model.unlike.false_alarm_rate
    rate = st.selectbox(
        _("Unlike the training pictures"),
        [usual, *(rate for rate in unlike.RATES if rate > usual and model.unlike.held_out)],
        format_func=lambda rate: _("{share} false alarms").format(share=wording.percent(rate)),
        key="false alarms",
        help=_(
            "Most pictures of another world are marked. A picture without the mark may still show "
            "nothing that the model knows."
        ),
    )
    marks = model.with_false_alarms(rate)
    if marks.unlike is not None:
        st.caption(wording.unlike(marks.unlike.false_alarm_rate, marks.unlike.caught))
    return marks


def caution(experiment_dir: Path, model: Predictor) -> Caution:
    """Draw the choices of the lowest accepted probability, with its effect, and of answer sets."""
    if model.has_label_sets:
        return NO_CAUTION
    least = st.slider(
        _("Answer only when sure"),
        0.0,
        1.0,
        0.0,
        0.01,
        key="least probability",
        help=_("Below this probability the answer is “{answer}”.").format(answer=_(NOT_SURE)),
    )
    predictions = cached.predictions(experiment_dir, model.trial_id)
    if predictions is None or not len(predictions.labels):
        return Caution(least, _set_limit(model))
    share, accuracy = confidence.answered(
        confidence.coverage(predictions.probabilities, predictions.labels), least
    )
    effect = (
        _(
            "The model then answers {share} of the pictures that it was scored on, and "
            "{accuracy} of these answers are right."
        )
        if share
        else _("The model then answers none of the pictures that it was scored on.")
    )
    answered, right = (wording.percent(each, 0) for each in (share, accuracy))
    st.caption(effect.format(share=answered, accuracy=right))
    return Caution(least, _set_limit(model))


def _set_limit(model: Predictor) -> float | None:
    coverage = st.selectbox(
        _("Sets of classes"),
        (None, 0.9, 0.95, 0.99),
        format_func=lambda share: (
            _("right in {share:.0%} of cases").format(share=share) if share else _("Off")
        ),
        key="coverage of sets",
        help=_(
            "Show the classes of which one is right with this probability (conformal "
            "prediction, Sadinle et al., 2019), for pictures like those that the model was "
            "scored on."
        ),
    )
    try:
        return model.set_limit(coverage) if coverage else None
    except UserError as error:
        st.warning(wording.of_error(error))
        return None


def of_files(names: Mapping[Path, str]) -> Chosen:
    """Return files of the data set as chosen pictures; `names` maps each file to its text."""
    pictures = [FoundPicture(name, path) for path, name in names.items()]
    return Chosen(" ".join(map(str, names)), lambda: iter(pictures), len(pictures))


def answers(chosen: Chosen, model: Predictor) -> list[AnsweredPicture]:
    """Answers for the chosen pictures; computed again only if the pictures or the model change."""
    version = (chosen.key, model.model_dir, model.trial_id)
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != version:
        kept = (version, _compute(chosen, model))
        st.session_state[_KEPT] = kept
    answered, problem = kept[1]
    if problem:
        st.error(wording.plain(problem))
    if len(answered) == pictures_source.MAX_PICTURES:
        st.info(
            _(
                "The first {answered} pictures are shown. `automl predict` has no such limit."
            ).format(answered=wording.integer(len(answered)))
        )
    return list(answered)


def _compute(chosen: Chosen, model: Predictor) -> tuple[list[AnsweredPicture], str]:
    """Answers, and the error that ended the computation early, or an empty text."""
    answered: list[AnsweredPicture] = []
    bar, problem = st.empty(), ""
    try:
        for each, answer in input_pictures.answered(model, chosen.find()):
            keeps = len(answered) < _MAX_CARDS
            answered.append(_answered(each, answer, model.rendering, keeps=keeps))
            share = len(answered) / max(chosen.count, len(answered))
            bar.progress(share, wording.of(len(answered), chosen.count))
    except UserError as error:
        problem = wording.stored(str(error))
    bar.empty()
    return answered, problem if answered or problem else _("No picture was found.")


def _answered(
    each: FoundPicture, answer: Answer | Failure, rendering: Rendering, *, keeps: bool
) -> AnsweredPicture:
    if isinstance(answer, Failure) or isinstance(each.picture, Failure):
        return AnsweredPicture(each.name, answer, None)
    if isinstance(each.picture, Path):
        thumbnail = cached.thumbnail(each.picture, rendering)
    else:
        thumbnail = picture_files.thumbnail(each.picture, rendering=rendering)
    return AnsweredPicture(each.name, answer, thumbnail, each.picture if keeps else None)


def show(
    pictures: Sequence[AnsweredPicture], model: Predictor, caution: Caution, experiment_dir: Path
) -> None:
    """Draw up to 12 pictures as cards with an explanation, more as a table.

    Args:
        pictures: the pictures, in order.
        model: the model that answered.
        caution: thresholds for an answer and for a warning.
        experiment_dir: the experiment the model is from.
    """
    if len(pictures) > _MAX_CARDS:
        predictions_table.show(pictures, model, caution)
        return
    grid = st.grid("auto", min_column_width=300)
    for index, each in enumerate(pictures):
        with grid.cell():
            if isinstance(each.answer, Failure):
                st.error(wording.plain(f"{each.name}: {wording.stored(each.answer.message)}"))
                continue
            with st.container(border=True):
                _card(each, each.answer, model, caution, index)
                if each.picture and st.button(_("Why?"), key=f"why {index}", icon=_WHY):
                    content = _content(each.picture)
                    explanation_view.open_for(experiment_dir, model.trial_id, content, each.name)


def _card(
    each: AnsweredPicture, given: Answer, model: Predictor, caution: Caution, index: int
) -> None:
    answer = model.prediction(given)
    left, right = st.columns([1, 2], vertical_alignment="center")
    if each.thumbnail:
        left.image(each.thumbnail, width=96, alt=each.name)
    label = wording.plain(answer.label)
    figure = bar_charts.probabilities(answer.probabilities)
    if answer.labels is not None:
        right.markdown(f"**{wording.plain(wording.label(answer.text))}**")
        right.caption(wording.plain(each.name))
        limits = dict(zip(model.labels, model.thresholds.tolist(), strict=True))
        figure = bar_charts.label_probabilities(answer.probabilities, limits)
    elif caution.is_sure(answer.probability):
        right.markdown(f"**{label}**")
        likely = _("probability {probability:.3f}").format(probability=answer.probability)
        right.caption(f"{likely}  \n{wording.plain(each.name)}")
    else:
        right.markdown(f"**{_(NOT_SURE)}**")
        likely = _("most likely {label}, {probability:.3f}").format(
            label=label, probability=answer.probability
        )
        right.caption(f"{likely}  \n{wording.plain(each.name)}")
    if caution.set_limit is not None:
        labels = ", ".join(model.answer_set(given, caution.set_limit))
        right.caption(_("One of: {labels}").format(labels=wording.plain(labels)))
    if answer.is_unlike and model.unlike is not None:
        _warn_unlike(model.unlike)
    st.plotly_chart(figure, key=f"probabilities {index}", config=charts.QUIET)


def _warn_unlike(reference: Unlike) -> None:
    st.badge(
        _("unlike the training pictures"),
        icon=":material/help:",
        color="orange",
        help=(
            _(
                "Its features are further from those of every training picture than they are "
                "for {share} of the pictures that were held out. Method: distance to the "
                "nearest neighbour (Sun et al., 2022). The answer may have no meaning."
            ).format(share=f"{1 - reference.false_alarm_rate:.1%}")
        ),
    )


def _content(picture: Picture) -> Path | bytes:
    if isinstance(picture, Path):
        return picture
    picture.seek(0)
    return picture.read()
