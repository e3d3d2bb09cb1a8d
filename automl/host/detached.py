"""Processes that outlive the process that starts them."""

import subprocess
import sys
import threading


def start(module: str, *arguments: str, output: int, keep_open: tuple[int, ...] = ()) -> None:
    """Run a Python module in a new process.

    Args:
        module: its name, as for `python -m`.
        arguments: its command line arguments.
        output: descriptor for its output and errors, or `subprocess.DEVNULL`.
        keep_open: descriptors that it inherits.
    """
    process = subprocess.Popen(
        # -P: modules are not imported from the working directory
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=keep_open,
        start_new_session=True,  # it must not end with the terminal, nor by a Ctrl-C in it
    )
    threading.Thread(target=process.wait, daemon=True).start()  # reaps it when it ends
