"""The processes of an experiment, found and killed from outside, as the system would."""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from automl.engine import cluster
from automl.engine.head import descendants
from automl.experiments import store
from automl.experiments.records import TrialState

_START = "from automl.experiments import launcher; from pathlib import Path; import sys, time\n"
_START += "launcher.start(Path(sys.argv[1])); print('started', flush=True); time.sleep(600)"


def kill(victim: str, experiment_dir: Path) -> int:
    """kill -9; returns how many processes there were to kill."""
    found = VICTIMS[victim](experiment_dir)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=120)
    return len(found)


def engine(experiment_dir: Path) -> list[psutil.Process]:
    return [
        process
        for process, command in _commands()
        if "automl.engine" in command and str(experiment_dir) in command
    ]


def worker(experiment_dir: Path) -> list[psutil.Process]:
    """One that trains a trial of the experiment."""
    for trial in store.load_trials(experiment_dir):
        if trial.state is TrialState.RUNNING and "worker" in trial.effective:
            with contextlib.suppress(psutil.NoSuchProcess):
                return [psutil.Process(int(trial.effective["worker"].split()[1]))]
    return []


def raylet(_: Path) -> list[psutil.Process]:
    return [process for process in _of_the_head() if process.name() == "raylet"]


def gcs(_: Path) -> list[psutil.Process]:
    return [process for process in _of_the_head() if process.name() == "gcs_server"]


def fork_server(_: Path) -> list[psutil.Process]:
    module = "automl.engine.fork_server"
    return [process for process in _of_the_head() if module in process.cmdline()]


def keeper(_: Path) -> list[psutil.Process]:
    info = cluster.head_info()
    return [psutil.Process(info["keeper_pid"])] if info else []


def everything(experiment_dir: Path) -> list[psutil.Process]:
    """As when the machine is reset."""
    return [*engine(experiment_dir), *keeper(experiment_dir), *_of_the_head()]


VICTIMS: dict[str, Callable[[Path], list[psutil.Process]]] = {
    "engine": engine,
    "worker": worker,
    "fork server": fork_server,
    "raylet": raylet,
    "gcs": gcs,
    "everything": everything,
}


def start_from_an_app_that_is_killed(experiment_dir: Path) -> None:
    """Start an experiment as a page does, in a process that then dies with its process group."""
    with subprocess.Popen(
        [sys.executable, "-c", _START, str(experiment_dir)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == "started\n"
        for process in [*descendants(psutil.Process(app.pid)), psutil.Process(app.pid)]:
            if process.pid == app.pid or "automl.engine" not in process.cmdline():
                process.kill()


def _of_the_head() -> list[psutil.Process]:
    info = cluster.head_info()
    if info is None:
        return []
    mark = info["temp_dir"]
    mine = [process for process, command in _commands() if any(mark in part for part in command)]
    below = [child for process in mine for child in descendants(process)]
    return list({process.pid: process for process in [*mine, *below]}.values())


def _commands() -> list[tuple[psutil.Process, list[str]]]:
    processes = psutil.process_iter(["cmdline"])
    return [(process, process.info["cmdline"] or []) for process in processes]
