"""Termination by a signal that still runs `finally` and `with` blocks, or with the parent."""

import os
import signal
import threading
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def exit_on(*signals: signal.Signals) -> None:
    """Let signals raise SystemExit in the main thread instead of ending the process at once.

    A signal that is ignored stays ignored, as SIGHUP under nohup.
    """
    for each in signals:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _exit)


def exit_with_parent() -> None:
    """Have this process of `multiprocessing` end with its parent, however that ends.

    Else it would wait for ever for a parent that was killed.
    """
    import multiprocessing  # not for every command, which needs the rest of this file

    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def _exit(number: int, _: FrameType | None) -> NoReturn:
    # a second signal must not interrupt the cleaning up that the first one starts
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
