"""Ends the local Ray head: the product never does, its keeper ends it when nobody uses it."""

import contextlib
import os
import signal
import time

from automl.engine import cluster
from automl.host import home, process_lock


def stop() -> None:
    """End the head of AUTOML_HOME and its keeper, and wait for it."""
    info = cluster.head_info()
    if info is None or not process_lock.is_held(home.head_lock_path()):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(info["keeper_pid"], signal.SIGTERM)
    deadline = time.monotonic() + 30
    while process_lock.is_held(home.head_lock_path()) and time.monotonic() < deadline:
        time.sleep(0.1)
