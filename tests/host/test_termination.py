import signal
import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, time
from automl.host import termination

# not as the tests were started: under nohup they ignore it
signal.signal(signal.SIGHUP, signal.SIG_IGN if "ignored" in sys.argv else signal.SIG_DFL)
termination.exit_on(signal.SIGTERM, signal.SIGHUP)
try:
    print("ready", flush=True)
    sys.stdin.read()
finally:
    signal.raise_signal(signal.SIGTERM)
    print("cleaned up", flush=True)
"""

PARENT = """
import multiprocessing, time
from automl.host import termination

def wait():
    termination.exit_with_parent()
    print("ready", flush=True)
    time.sleep(600)

multiprocessing.get_context("fork").Process(target=wait).start()
"""


def end(number: signal.Signals, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=120)
    return process.returncode, output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_the_process_clean_up_undisturbed(number: signal.Signals) -> None:
    assert end(number) == (128 + number, "cleaned up\n")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As SIGHUP under nohup: the process ends only because its input does."""
    code, _ = end(signal.SIGHUP, "ignored")
    assert code == 128 + signal.SIGTERM


def test_a_process_ends_with_its_parent_if_that_is_killed() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        process.communicate(timeout=60)  # the child has the other end of the pipe
