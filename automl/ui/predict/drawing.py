"""A canvas to draw a digit on, in white on black as those of the sample."""

import base64
import io

import streamlit as st

from automl.errors import PredictionError
from automl.texts import _

_PREFIX = "data:image/png;base64,"
_MAX_CHARACTERS = 400_000
"""Limit of the picture as text; 224 x 224 pixels have less than half of it."""

_SIDE = 8
_HTML = """
<canvas width="224" height="224" tabindex="0" role="img"></canvas><button type="button"></button>
"""
_CSS = """
canvas { display: block; background: black; border-radius: var(--st-base-radius); cursor: crosshair;
  touch-action: none; }
button { margin-top: 0.5rem; padding: 0.3rem 0.8rem; font: inherit; cursor: pointer;
  color: var(--st-text-color); background: none; border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); }
"""
# Streamlit calls this function at every rerun: what is drawn stays, and the handlers are the same
_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const canvas = parentElement.querySelector("canvas");
  const button = parentElement.querySelector("button");
  canvas.ariaLabel = data.purpose;
  button.textContent = data.clear;
  const pen = canvas.getContext("2d");
  const clear = () => { pen.fillStyle = "black"; pen.fillRect(0, 0, canvas.width, canvas.height); };
  if (!canvas.dataset.isReady) clear();
  canvas.dataset.isReady = "yes";
  Object.assign(pen, { lineWidth: 24, lineCap: "round", lineJoin: "round", strokeStyle: "white" });
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(event.offsetX, event.offsetY);
    canvas.onpointermove(event);
  };
  canvas.onpointermove = (event) => {
    if (!event.buttons) return;
    pen.lineTo(event.offsetX, event.offsetY);
    pen.stroke();
  };
  canvas.onpointerup = () => setStateValue("picture", canvas.toDataURL("image/png"));
  button.onclick = () => {
    clear();
    setStateValue("picture", null);
  };
}
"""
_canvas = st.components.v2.component("drawing", html=_HTML, css=_CSS, js=_JS)


def draw() -> bytes | None:
    """Draw the canvas; returns what is on it as a picture of the sample, None if it is empty."""
    st.caption(_("Draw a digit; the answer comes when you lift the pen."))
    words = {"purpose": _("Draw a digit here"), "clear": _("Clear")}
    state = _canvas(key="drawing", data=words, on_picture_change=lambda: None)
    drawn: str | None = state.picture
    return None if drawn is None else like_the_sample(png(drawn))


def png(url: str) -> bytes:
    """Content of a `data:` URL of a PNG file, as a browser sends it.

    Raises:
        PredictionError: it is none, or too large.
    """
    if not url.startswith(_PREFIX) or len(url) > _MAX_CHARACTERS:
        raise PredictionError(
            _("The drawing is no picture of the canvas. Clear it and draw again.")
        )
    try:
        return base64.b64decode(url.removeprefix(_PREFIX), validate=True)
    except ValueError:  # also of other letters than of ASCII
        raise PredictionError(_("The drawing arrived damaged. Clear it and draw again.")) from None


def like_the_sample(content: bytes) -> bytes | None:
    """A PNG file of 8 x 8 grey pixels that the strokes fill, as scikit-learn's digits were made.

    None if there is no stroke.

    Raises:
        PredictionError: the content is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        strokes = Image.open(io.BytesIO(content), formats=["PNG"]).convert("L")
    except (UnidentifiedImageError, OSError, ValueError):
        raise PredictionError(_("The drawing arrived damaged. Clear it and draw again.")) from None
    box = strokes.getbbox()
    if box is None:
        return None
    left, top, right, bottom = box
    side = max(right - left, bottom - top)
    square = Image.new("L", (side, side))
    cut = strokes.crop(box)
    square.paste(cut, ((side - cut.width) // 2, (side - cut.height) // 2))
    file = io.BytesIO()
    square.resize((_SIDE, _SIDE), Image.Resampling.BOX).save(file, "PNG")
    return file.getvalue()
