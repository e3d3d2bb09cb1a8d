"""First visit, without an experiment: what the app does, and two ways to begin."""

import base64
import functools
import html
import io

import streamlit as st
from PIL import Image

from automl.figures.palette import ACCENT, MUTED, SECOND
from automl.texts import _
from automl.ui import data_source, links, preload
from automl.ui.dataset import data_choice

_SIDE = 8
_DIGITS = (
    "005d910000dfaf5003f20b8004c008800580098004b01c7002e5ac00006da000",
    "000cd500000bf900003ff60007fff200001ff300001ff600001ff600000bfa00",
    "008f500001dbf00000a0d3000031f1000009c000003f500000ef8830007cccd1",
    "029fe93004d89f800006ef30000be2000002fb0000002f400156df6002ccdb00",
    "0000c2000006e100004f780000d90f6006fabf00005adf0000006f000000c800",
    "05cdff200bff840008eb100008ffe0000166f0000005f300015fd00004ff2000",
    "000cd000005f800000df300000ed000000fc720000dfdf30007fbf800019fb30",
    "0018fa0003dfee0005a0ac000035fa2000ffffc0018ce830000ad000000b9000",
    "00ab400000afdd10008b0e40000dfd0001bff00001f39a0000e6fa00008e7100",
    "009d700000cff20000cdf600006ffe0000002f30000009a00037cef2007cccb0",
)
"""A picture of each class of the sample: 64 grey values from 0 to f, row by row."""

_RISE = "8,78 30,52 52,40 74,34 96,30 118,27 140,25"
_SLOWER = "8,84 30,70 52,60 74,50 96,44 118,40 140,38"
_MATRIX = ("90001", "09000", "00810", "00090", "10008")
_BARS = ((0.93, ACCENT), (0.18, MUTED), (0.08, MUTED))


def show() -> None:
    """Draw the page."""
    st.subheader(_("AutoML image classification"))
    st.markdown(
        _(
            "From a folder of pictures to a classifier: choose pictures, press Start, watch "
            "models train, see the mistakes of the best one, try it and download it."
        )
    )
    sample, own = st.columns(2, border=True)
    with sample:
        st.subheader(_("Try the sample"))
        st.caption(
            _(
                "1,797 handwritten digits. Set up in one click, with a trained model in a "
                "few minutes."
            )
        )
        if st.button(_("Try the sample"), type="primary", icon=":material/draw:", width="stretch"):
            _try_the_sample()
    with own:
        st.subheader(_("Use my pictures"))
        st.caption(_("A folder or zip with one sub-folder of pictures per class."))
        if st.button(_("Use my pictures"), icon=":material/photo_library:", width="stretch"):
            links.switch_page("pages/dataset.py")
    _story()
    preload.sample()


def _try_the_sample() -> None:
    with st.spinner(_("Writing the pictures")):
        data = data_source.digits()
    data_choice.choose(data)
    links.switch_page("pages/configure.py", query_params={"data": str(data.path)})


def _story() -> None:
    """Draw the way to a model as four small drawings with a line each."""
    lines = (
        _("Your pictures, checked for wrong labels, copies and leaks"),
        _("Models that train while you watch, compared with simple baselines"),
        _("The mistakes of the best one, with the pictures"),
        _("Its answer for a new picture, and the model to take away"),
    )
    figures = (
        f'<figure style="flex:1 1 150px;margin:0"><img alt="" style="width:100%" src="{drawing}">'
        f'<figcaption style="font-size:0.9rem">{html.escape(line)}</figcaption></figure>'
        for drawing, line in zip(_drawings(), lines, strict=True)
    )
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:1rem">{"".join(figures)}</div>')


@functools.cache
def _drawings() -> tuple[str, ...]:
    """The drawings as URLs, in colours that both themes can show."""
    pictures = "".join(
        _digit(digit, 12 + 26 * (digit % 5), 20 + 28 * (digit // 5), 24) for digit in range(10)
    )
    training = (
        f'<path d="M8 62H146" stroke="{MUTED}" stroke-dasharray="4 3"/>'
        f'<polyline points="{_SLOWER}" stroke="{SECOND}" fill="none" stroke-width="2"/>'
        f'<polyline points="{_RISE}" stroke="{ACCENT}" fill="none" stroke-width="3"/>'
    )
    cells = "".join(
        f'<rect x="{41 + 15 * column}" y="{11 + 15 * row}" width="14" height="14" '
        f'fill="{ACCENT if row == column else SECOND}" '
        f'opacity="{int(count) / 10 if row == column else 0.7 * int(count) + 0.06}"/>'
        for row, counts in enumerate(_MATRIX)
        for column, count in enumerate(counts)
    )
    answer = _digit(7, 12, 24, 48) + "".join(
        f'<rect x="72" y="{26 + 17 * row}" width="{76 * share:.0f}" height="11" fill="{color}"/>'
        for row, (share, color) in enumerate(_BARS)
    )
    return tuple(map(_as_url, (pictures, training, cells, answer)))


def _as_url(drawn: str) -> str:
    whole = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 156 96">'
        f'<rect width="156" height="96" rx="6" fill="{MUTED}" opacity="0.12"/>{drawn}</svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(whole.encode()).decode()}"


def _digit(digit: int, x: int, y: int, side: int) -> str:
    """A picture of the sample as a part of a drawing."""
    grey = bytes(17 * int(value, 16) for value in _DIGITS[digit])
    file = io.BytesIO()
    Image.frombytes("L", (_SIDE, _SIDE), grey).save(file, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return (
        f'<image x="{x}" y="{y}" width="{side}" height="{side}" href="{source}" '
        'style="image-rendering:pixelated"/>'
    )
