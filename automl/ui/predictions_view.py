"""What the best model says about pictures."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import streamlit as st

from automl.inference import Failure, Prediction, Predictor
from automl.ui import cached, charts, explanation_view, wording

TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"]


def predictor(model_dir: Path) -> Predictor:
    return _predictor(model_dir, (model_dir / "model.onnx").stat().st_mtime_ns)


@st.cache_resource(max_entries=2, show_spinner="Loading the model")
def _predictor(model_dir: Path, mtime_ns: int) -> Predictor:  # noqa: ARG001 (the cache key)
    return Predictor(model_dir)


def show(
    pictures: Sequence[Path | BinaryIO], names: Sequence[str], model: Predictor, of: Path
) -> None:
    """One card for each picture: the picture, the class and how sure the model is.

    Args:
        pictures: files.
        names: what to call them.
        model: who answers.
        of: the experiment it is from.
    """
    answers = model.predict(pictures)
    grid = st.grid("auto", min_column_width=300)
    for index, (picture, name, answer) in enumerate(zip(pictures, names, answers, strict=True)):
        with grid.cell(), st.container(border=True):
            if isinstance(answer, Prediction):
                _card(picture, name, answer, index)
                if st.button("Why?", key=f"why {index}", icon=":material/lightbulb:"):
                    content = picture if isinstance(picture, Path) else _bytes(picture)
                    explanation_view.open_for(of, model.trial_id, content, name)
            else:
                _failed(name, answer)


def _card(picture: Path | BinaryIO, name: str, answer: Prediction, index: int) -> None:
    left, right = st.columns([1, 2], vertical_alignment="center")
    image = cached.thumbnail(picture) if isinstance(picture, Path) else _bytes(picture)
    if image:
        left.image(image, width=96)
    right.markdown(f"**{wording.plain(answer.label)}**")
    right.caption(f"probability {answer.probability:.3f}  \n{wording.plain(name)}")
    figure = charts.probabilities(answer.probabilities)
    st.plotly_chart(figure, key=f"probabilities {index}", config=charts.QUIET)


def _failed(name: str, failure: Failure) -> None:
    st.error(wording.plain(f"{name}: {failure.message}"))


def _bytes(picture: BinaryIO) -> bytes:
    picture.seek(0)
    return picture.read()


def bundle(model_dir: Path) -> bytes:
    """The exported model's files as one zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(model_dir.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(model_dir))
    return buffer.getvalue()
