"""Grid of pictures of equal size, each a button with its label under it.

Streamlit's `st.image` cannot be clicked and does not make pictures the same height. Labels come
from users, so the script sets them with `textContent`, never as HTML or Markdown.
"""

from collections.abc import Sequence
from typing import Any, TypedDict

import streamlit as st


class Tile(TypedDict):
    """Data of one picture, as the browser gets it."""

    source: str
    """URL of the picture; a `data:` URL for a thumbnail."""

    caption: str
    note: str
    """Second line under the picture, in a paler colour."""


# Streamlit gives its theme's colours and radius to a component as CSS variables `--st-…`; the
# script sets the size of a square as `--side`
_CSS = """
.tiles { display: grid; gap: 0.5rem; justify-content: start; align-items: start;
  grid-template-columns: repeat(auto-fill, var(--side)); }
.tile { display: block; width: var(--side); padding: 0; border: 0; background: none;
  color: var(--st-text-color); font: inherit; font-size: 0.8rem; text-align: center; }
.frame { display: block; height: var(--side); border-radius: var(--st-base-radius);
  background: var(--st-secondary-background-color); overflow: hidden; }
.frame img { display: block; width: 100%; height: 100%; object-fit: contain; }
.line { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow: hidden; overflow-wrap: anywhere; line-height: 1.35; unicode-bidi: isolate; }
.note { opacity: 0.75; }
button.tile { cursor: pointer; }
button.tile:hover .frame, button.tile:focus-visible .frame {
  outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
button.tile:focus-visible { outline: none; }
button.tile[aria-pressed="true"] .frame { outline: 3px solid var(--st-primary-color); }
"""
# Streamlit calls this function at every rerun, so it replaces all tiles. `setTriggerValue` sends
# the index of a clicked tile for one rerun only, so the same picture can be clicked again. Where
# tiles are chosen, a click with the shift key chooses all from the last one that was clicked.
_JS = """
export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const grid = parentElement.querySelector(".tiles");
  const chosen = (grid.chosen ??= new Set());
  const choose = (index, isRange) => {
    const isWanted = !chosen.has(index);
    const from = isRange && grid.last !== undefined ? grid.last : index;
    for (let each = Math.min(from, index); each <= Math.max(from, index); each++) {
      if (isWanted) chosen.add(each); else chosen.delete(each);
      tiles[each].setAttribute("aria-pressed", isWanted);
    }
    grid.last = index;
    setStateValue("chosen", [...chosen]);
  };
  const line = (text, kind) => {
    const element = document.createElement("span");
    element.className = kind;
    element.textContent = text;
    element.title = text;
    return element;
  };
  const tiles = data.tiles.map((tile, index) => {
    const element = document.createElement(data.opens || data.chooses ? "button" : "div");
    element.className = "tile";
    const frame = document.createElement("span");
    frame.className = "frame";
    const image = document.createElement("img");
    image.src = tile.source;
    image.alt = tile.caption;
    image.decoding = "async";
    frame.append(image);
    element.append(frame);
    if (tile.caption) element.append(line(tile.caption, "line"));
    if (tile.note) element.append(line(tile.note, "line note"));
    if (data.opens) element.onclick = () => setTriggerValue("picked", index);
    if (data.chooses) {
      element.setAttribute("aria-pressed", chosen.has(index));
      element.onclick = (event) => choose(index, event.shiftKey);
    }
    return element;
  });
  grid.style.setProperty("--side", `${data.side}px`);
  grid.replaceChildren(...tiles);
}
"""
_grid = st.components.v2.component(
    "picture_grid", html='<div class="tiles"></div>', css=_CSS, js=_JS
)


def show(tiles: Sequence[Tile], *, side: int, key: str, opens: bool) -> int | None:
    """Draw the pictures; returns the index of the one that was clicked just now, None if none was.

    Args:
        tiles: the pictures, in order.
        side: width and height of the square around each picture, in pixels.
        key: unique name of the grid on its page.
        opens: True if the pictures can be clicked.
    """
    data = _data(tiles, side) | {"opens": opens}
    picked: int | None = _grid(key=_key(key), data=data, on_picked_change=lambda: None).picked
    return picked


def choose(tiles: Sequence[Tile], *, side: int, key: str) -> list[int]:
    """Draw pictures that are chosen by clicks; returns the indices of the chosen ones.

    Args:
        tiles: the pictures, in order.
        side: see `show`.
        key: unique name of the grid and of its pictures: under another one, none is chosen.
    """
    data = _data(tiles, side) | {"chooses": True}
    state = _grid(key=_key(key), data=data, default={"chosen": []}, on_chosen_change=lambda: None)
    return sorted(index for index in state.chosen or [] if 0 <= index < len(tiles))


def _key(name: str) -> str:
    """The name with a dot behind each underscore, for Streamlit refuses two together."""
    return name.replace("_", "_.")


def _data(tiles: Sequence[Tile], side: int) -> dict[str, Any]:
    # a tuple, because Streamlit imports pandas to find out whether a list is a table
    return {"tiles": tuple(tiles), "side": side, "opens": False, "chooses": False}
