"""What pages need is loaded before they are asked for: here, and in the browser.

Here that is when the server starts, or else while the first page is being looked at.
"""

import functools
import importlib
import threading
from pathlib import Path

import streamlit as st

_SLOW = (
    # in the order of need: the first page is content with these
    *("automl.ui.home.experiment_card", "automl.dataset.pictures", "pyarrow.parquet"),
    *("pandas", "plotly.graph_objects", "scipy.special"),
)
_SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"


@functools.cache  # once a process is enough
def start() -> threading.Thread:
    thread = threading.Thread(target=_import)
    thread.start()
    return thread


def _import() -> None:
    for name in _SLOW:
        importlib.import_module(name)


def in_browser() -> None:
    """What draws figures and tables takes the browser a second: on a page that has none of them,
    let it do so when it is idle."""
    names = [path.name for kind in ("PlotlyChart", "DataFrame") for path in _scripts(kind)]
    imports = ", ".join(f"import('./static/js/{name}')" for name in names)
    script = f"<script>requestIdleCallback(() => Promise.all([{imports}]))</script>"
    st.html(script, unsafe_allow_javascript=True)


@functools.cache
def _scripts(kind: str) -> list[Path]:
    """Streamlit's, whose names end in a hash of their content."""
    return sorted(_SCRIPTS.glob(f"{kind}.*.js"))
