"""What pages need is imported before they are asked for.

That is when the server starts, or else while the first page is being looked at.
"""

import functools
import importlib
import threading

_SLOW = ("automl.ui.experiment_card", "pandas", "plotly.graph_objects", "scipy.special")


@functools.cache  # once a process is enough
def start() -> threading.Thread:
    thread = threading.Thread(target=_import)
    thread.start()
    return thread


def _import() -> None:
    for name in _SLOW:
        importlib.import_module(name)
