"""Termination by a signal that still runs `finally` and `with` blocks."""

import signal
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


def _exit(number: int, _: FrameType | None) -> NoReturn:
    # a second signal must not interrupt the cleaning up that the first one starts
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
