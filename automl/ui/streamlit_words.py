"""Words that Streamlit itself writes on a page, in the language of the reader.

Streamlit speaks English only, and has no setting for most of its words. A script in the page
replaces them where they stand, in parts of the page that Streamlit names and that hold no name of
the user's. What it does not know stays English.
"""

import json

import streamlit as st

from automl import texts
from automl.texts import PLACEHOLDER, _, mark

_BUTTONS = ".stElementToolbar button"
_TOOLTIP = "[data-testid=stTooltipContent] p"
_UPLOADER = "[data-testid=stFileUploaderDropzone]"
WORDS: dict[str, tuple[str, ...]] = {
    ".stSkipToContent, [data-testid=stSkipToContent]": (mark("Skip to main content"),),
    "button[aria-label], a[aria-label]": (mark("Help for {name}"), mark("Link to heading")),
    ".stMultiSelect input, .stSelectbox input": (
        mark("Choose options"),
        mark("Choose an option"),
        mark("No options to select"),
    ),
    ".stMultiSelect button, .stSelectbox button": (
        mark("Open"),
        mark("Clear all"),
        mark("Clear value"),
        mark("Remove {name}"),
    ),
    "[role=listbox] [data-empty], [role=listbox] [role=option] > span": (mark("No results"),),
    "[data-testid=InputInstructions] span": (
        mark("Press Enter to apply"),
        mark("Press Enter to submit form"),
        mark("Press Enter to add"),
    ),
    f"{_UPLOADER} p, {_UPLOADER} span, {_UPLOADER} input": (
        mark("Upload"),
        mark("Add files"),
        mark("file upload"),
        mark("Drag and drop a file here"),
        mark("Drag and drop files here"),
        mark("{size} per file"),
        mark("{size} per file • {forms}"),
    ),
    ".stCameraInput p, .stCameraInput a, .stCameraInput button": (
        mark("This app would like to use your camera."),
        mark("Learn how to allow access."),
        mark("Take Photo"),
        mark("Clear photo"),
        mark("Switch camera"),
    ),
    ".stNumberInput button": (mark("Increment"), mark("Decrement")),
    ".stPagination button, .stPagination [aria-label]": (
        mark("Next page"),
        mark("Previous page"),
        mark("Page {number}"),
    ),
    f"{_BUTTONS}, .stCode button, [data-testid=stCodeCopyButton], {_TOOLTIP}": (
        mark("Show/hide columns"),
        mark("Download as CSV"),
        mark("Search"),
        mark("Fullscreen"),
        mark("Close fullscreen"),
        mark("Copy to clipboard"),
    ),
    ".gdg-search-bar label, .gdg-search-bar button": (
        mark("Type to search"),
        mark("Previous Result"),
        mark("Next Result"),
        mark("Close Search"),
    ),
    "[data-testid=stDataFrameColumnMenu] [role=menuitem]": (
        mark("Sort ascending"),
        mark("Sort descending"),
        mark("Statistics"),
        mark("Format"),
        mark("Autosize"),
        mark("Pin column"),
        mark("Unpin column"),
        mark("Hide column"),
    ),
    "[data-testid=stDataFrameColumnVisibilityMenu] label:first-child > *": (mark("Select all"),),
    "[role=dialog] button": (mark("Close"),),
}
"""English words of Streamlit, by the parts of a page that hold them."""

_SCRIPT = """<script>
(() => {
  window.streamlitWords = %s;
  const attributes = ["aria-label", "placeholder", "title"];
  const other = (text, words) => {
    for (const [pattern, translation] of words) {
      const found = text.match(pattern);
      if (found) return translation.replace(/\\{(\\w+)\\}/g, (_, name) => found.groups[name]);
    }
    const end = text.indexOf(": ");  // before the name of a table
    return end < 0 ? text : other(text.slice(0, end), words) + text.slice(end);
  };
  const translate = () => {
    for (const [place, words] of window.streamlitWords)
      for (const element of document.querySelectorAll(place)) {
        for (const name of attributes) {
          const text = element.getAttribute(name);
          const wanted = text && other(text, words);
          if (text !== wanted) element.setAttribute(name, wanted);
        }
        for (const node of element.childNodes) {
          if (node.nodeType !== Node.TEXT_NODE) continue;
          const wanted = other(node.data, words);
          if (node.data !== wanted) node.data = wanted;
        }
      }
  };
  translate();
  if (window.streamlitWordsObserver || !window.streamlitWords.length) return;
  let isDue = false;
  window.streamlitWordsObserver = new MutationObserver(() => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => { isDue = false; translate(); });
  });
  window.streamlitWordsObserver.observe(document.body, {
    subtree: true, childList: true, characterData: true, attributeFilter: attributes,
  });
})();
</script>"""


def translate() -> None:
    """Let the page replace Streamlit's words; in English it leaves them as they are."""
    is_english = texts.language() == texts.ENGLISH
    places = [] if is_english else [[place, _pairs(words)] for place, words in WORDS.items()]
    content = json.dumps(places).replace("<", "\\u003c")
    st.html(_SCRIPT % content, unsafe_allow_javascript=True)


def _pairs(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """The pattern of each word with its translation."""
    return [(_pattern(word), _(word)) for word in words]


def _pattern(word: str) -> str:
    """Regular expression of JavaScript; a placeholder is a named group."""
    return "^" + PLACEHOLDER.sub(r"(?<\1>.+)", word.replace(".", r"\.")) + "$"
