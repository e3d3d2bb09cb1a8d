"""Answers for many pictures as a table, with downloads."""

import base64
import io
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from automl.figures import wording
from automl.prediction.answer_formats import columns, split
from automl.prediction.inference import Failure, Predictor
from automl.texts import _
from automl.ui.predict.answered_picture import NOT_SURE, AnsweredPicture, Caution

_HEAD = ("path", "answer", "unlike", "set", "label", "probability", "error")
_PICTURE = "Picture"


def show(pictures: Sequence[AnsweredPicture], model: Predictor, caution: Caution) -> None:
    """Draw the table and the buttons that download it."""
    table = frame(pictures, model, caution)
    hidden = [name for name in ("unlike", "set") if table[name].isna().all()]
    hidden += ["probability"] if model.has_label_sets else []
    shown = table[["path", "answer", "probability", "unlike", "set", "error"]].drop(columns=hidden)
    shown["answer"] = shown["answer"].replace(NOT_SURE, _(NOT_SURE))  # the files are English
    shown.insert(0, _PICTURE, [_source(each.thumbnail) for each in pictures])
    has_errors = shown["error"].notna().any()
    shown = shown.fillna({"error": ""}) if has_errors else shown.drop(columns="error")
    st.dataframe(
        shown,
        hide_index=True,
        row_height=56,
        column_config={
            _PICTURE: st.column_config.ImageColumn(width="small"),
            "path": st.column_config.TextColumn(_("File")),
            "answer": st.column_config.TextColumn(
                _("Labels") if model.has_label_sets else _("Class")
            ),
            "probability": st.column_config.ProgressColumn(
                _("Probability"), format="%.3f", min_value=0, max_value=1
            ),
            "unlike": st.column_config.CheckboxColumn(_("Unlike the training pictures")),
            "set": st.column_config.TextColumn(_("One of")),
            "error": st.column_config.TextColumn(_("Error")),
        },
    )
    with st.container(horizontal=True):
        for title, name, mime, content in (
            ("CSV", "predictions.csv", "text/csv", table.to_csv(index=False).encode()),
            (_("Parquet"), "predictions.parquet", "application/octet-stream", _parquet(table)),
        ):
            st.download_button(
                title, content, name, mime, icon=":material/download:", on_click="ignore"
            )


def frame(pictures: Sequence[AnsweredPicture], model: Predictor, caution: Caution) -> pd.DataFrame:
    """One row per picture: the columns of `automl predict`, and the answer after the thresholds."""
    rows = [_row(each, model, caution) for each in pictures]
    return pd.DataFrame(rows, columns=columns(model.labels, _HEAD)).astype({"unlike": "boolean"})


def _row(each: AnsweredPicture, model: Predictor, caution: Caution) -> list[object]:
    (label, probability, error), shares = split(each.answer, model)
    error = error and wording.stored(error)
    if isinstance(each.answer, Failure):
        return [each.name, None, None, None, label, probability, error, *shares]
    unlike = model.is_unlike(each.answer)
    if probability is None:  # any number of labels
        return [each.name, label, unlike, None, label, probability, error, *shares]
    answer = label if caution.is_sure(probability) else NOT_SURE
    limit = caution.set_limit
    labels = None if limit is None else ", ".join(model.answer_set(each.answer, limit))
    return [each.name, answer, unlike, labels, label, probability, error, *shares]


def _source(thumbnail: bytes | None) -> str | None:
    if thumbnail is None:
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}"


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
