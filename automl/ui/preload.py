"""Load slow modules and scripts, and prepare the sample, before a page needs them.

The server loads its modules in a thread, when it starts or else after it has drawn the first page.
"""

import contextlib
import functools
import importlib
import threading
from pathlib import Path

import streamlit as st

from automl.errors import UserError

_SLOW = (
    # the first line is all that the first page needs, so it is imported first
    *("automl.ui.home.overview", "automl.dataset.pictures", "pyarrow.parquet"),
    *("pandas", "plotly.graph_objects", "scipy.special"),
)
_SCRIPTS = Path(st.__file__).parent / "static" / "static" / "js"


@functools.cache  # app.py calls this at every rerun; one thread for each process is enough
def start() -> threading.Thread:
    """Import the slow modules in a thread; returns the thread."""
    thread = threading.Thread(target=_import)
    thread.start()
    return thread


def _import() -> None:
    for name in _SLOW:
        importlib.import_module(name)


@functools.cache
def sample() -> None:
    """Write and check the sample in a thread, while somebody reads what it is."""
    threading.Thread(target=_sample, daemon=True).start()


def _sample() -> None:
    from automl.dataset import manifest
    from automl.jobs.job import Job
    from automl.ui import data_source

    with contextlib.suppress(UserError, OSError):  # the page that shows it says so
        manifest.look(Job(training_data=data_source.digits()))


def in_browser() -> None:
    """Let the browser load Streamlit's scripts for figures and tables while it is idle.

    They take the browser a second. This is meant for a page without figures and tables: the next
    page then has them at once.
    """
    # a module that was imported once stays in the browser's memory as long as the app is open
    names = [path.name for kind in ("PlotlyChart", "DataFrame") for path in _scripts(kind)]
    imports = ", ".join(f"import('./static/js/{name}')" for name in names)
    script = f"<script>requestIdleCallback(() => Promise.all([{imports}]))</script>"
    st.html(script, unsafe_allow_javascript=True)


@functools.cache
def _scripts(kind: str) -> list[Path]:
    """Streamlit's scripts for an element; their names end in a hash of their content."""
    return sorted(_SCRIPTS.glob(f"{kind}.*.js"))
