"""Processes that outlive whoever starts them."""

import subprocess
import sys
import threading


def start(module: str, *arguments: str, output: int, keep_open: tuple[int, ...] = ()) -> None:
    """Run a Python module in a process of its own.

    Args:
        module: run as `python -m`.
        arguments: for it.
        output: descriptor, or `subprocess.DEVNULL`, for what it prints.
        keep_open: descriptors it inherits.
    """
    process = subprocess.Popen(
        # -P: a file called random.py in the working directory must not become ours
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=keep_open,
        start_new_session=True,  # closing the terminal or Ctrl-C in it must not reach it
    )
    threading.Thread(target=process.wait, daemon=True).start()  # or it would end as a zombie
