import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from automl.errors import PredictionError
from automl.ui.predict import drawing


def canvas(*lines: list[tuple[int, int]]) -> bytes:
    image = Image.new("RGBA", (224, 224), "black")
    pen = ImageDraw.Draw(image)
    for line in lines:
        pen.line(line, "white", width=24, joint="curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("lines", "digit"),
    [
        ([[(60, 40), (160, 40), (90, 190)]], 7),
        ([[(110, 30), (110, 190)]], 1),
        ([[(70, 60), (150, 60), (160, 120), (140, 190), (70, 180), (60, 110), (70, 60)]], 0),
    ],
)
def test_a_drawing_looks_like_a_digit_of_the_sample(
    lines: list[list[tuple[int, int]]], digit: int
) -> None:
    sample = load_digits()
    known = KNeighborsClassifier(5).fit(sample.data * (255 / 16), sample.target)
    made = drawing.like_the_sample(canvas(*lines))
    assert made is not None
    pixels = np.asarray(Image.open(io.BytesIO(made)))
    assert pixels.shape == (8, 8)
    assert known.predict(pixels.reshape(1, -1)).tolist() == [digit]


def test_an_empty_canvas_is_no_picture() -> None:
    assert drawing.like_the_sample(canvas()) is None


@pytest.mark.parametrize(
    "url", ["", "https://example.org/a.png", "data:image/png;base64,é", "data:image/png;base64,AAA"]
)
def test_what_is_no_drawing_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(PredictionError, match="draw again"):
        drawing.like_the_sample(drawing.png(url))


def test_what_the_browser_sends_is_the_file() -> None:
    url = f"data:image/png;base64,{base64.b64encode(canvas()).decode()}"
    assert drawing.png(url) == canvas()
