"""A Ray cluster of several raylets on this machine that share nothing but Ray.

Each raylet runs in its own mount namespace, in which an empty disk hides the folders of the engine:
its home, the data, and the files of the other raylets. It does not find our package either.
"""

import contextlib
import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

import automl
from automl.host import free_port

_STORE_BYTES = 80 * 1024**2
_START_SECONDS = 300


def can_hide() -> bool:
    """True if this process may make mount namespaces."""
    command = ["unshare", "-m", "true"]
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class Raylets:
    """A head without cores and the nodes that join it, to be ended by `stop`."""

    def __init__(self, folder: Path) -> None:
        """folder: its content is hidden from the nodes; short, since sockets allow 107 bytes."""
        self._folder = folder
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._options: dict[str, tuple[Sequence[str], Sequence[Path]]] = {}
        self.address = f"127.0.0.1:{free_port.find()}"
        token = folder / "token"
        token.write_text(secrets.token_hex(32))
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": token.read_text(),
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
            # a node of a busy machine is slow to answer; a killed one refuses at once
            "RAY_health_check_timeout_ms": "120000",
            # at Ray's 15 the other tests would leave its workers 3 % of a core
            "RAY_worker_niceness": "0",
        }
        """Variables of every process that connects to the cluster."""

    def start_head(self) -> None:
        """Start the head, whose session folder the engine shares; it runs no trial."""
        port = self.address.rpartition(":")[2]
        temp_dir = self._folder / "ray"
        self._start("head", ["--head", f"--port={port}", f"--temp-dir={temp_dir}", "--num-cpus=0"])
        self.wait_until_joined()

    def join(self, name: str, *, num_cpus: int = 1) -> None:
        """Start a node that sees none of the folder's content."""
        address = [f"--address={self.address}", f"--num-cpus={num_cpus}"]
        package = Path(automl.__file__).parent
        self._start(name, address, hidden=[self._folder, package])

    def wait_until_joined(self) -> None:
        """Return when all that were started have said so."""
        logs = [self._folder / f"{name}.log" for name in self._started]
        deadline = time.monotonic() + _START_SECONDS
        while not all("Ray runtime started" in log.read_text() for log in logs):
            assert time.monotonic() < deadline, [log.read_text()[-500:] for log in logs]
            self.start_again()
            time.sleep(0.1)

    def start_again(self) -> None:
        """Start those again that have ended by themselves: Ray waits 30 s for a raylet, no more."""
        for name, started in list(self._started.items()):
            if started.poll() is not None:
                self._start(name, *self._options[name])

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes that run, without the head."""
        return [name for name in self._started if name != "head"]

    def node_of(self, process: psutil.Process) -> str:
        """Name of the node that the process belongs to."""
        names = {started.pid: name for name, started in self._started.items()}
        return next(names[each.pid] for each in process.parents() if each.pid in names)

    def announce_end(self, name: str) -> None:
        """Tell Ray that the node will end in a minute, as the cloud of a spot machine does."""
        (raylet,) = (
            process for process in _tree(self._started[name].pid) if process.name() == "raylet"
        )
        (node_id,) = (
            each.partition("=")[2] for each in raylet.cmdline() if each.startswith("--node_id=")
        )
        options = [
            f"--address={self.address}",
            f"--node-id={node_id}",
            "--reason=DRAIN_NODE_REASON_PREEMPTION",
            "--reason-message=spot",
            "--deadline-remaining-seconds=60",
        ]
        subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", "drain-node", *options],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
        )

    def kill(self, name: str) -> None:
        """End a node and all its processes at once, as when its machine loses power."""
        started = self._started.pop(name)
        for process in _tree(started.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        started.wait()

    def stop(self) -> None:
        """End everything."""
        for name in list(self._started):
            self.kill(name)

    def _start(self, name: str, options: Sequence[str], hidden: Sequence[Path] = ()) -> None:
        self._options[name] = options, hidden
        common = [
            "--node-ip-address=127.0.0.1",
            f"--object-store-memory={_STORE_BYTES}",
            "--include-log-monitor=false",
            "--disable-usage-stats",
            "--min-worker-port=0",
            "--max-worker-port=0",
            "--block",
        ]
        command = [sys.executable, "-P", "-m", "ray.scripts.scripts", "start", *options, *common]
        if hidden:
            mounts = [f"mount -t tmpfs none {shlex.quote(str(folder))}" for folder in hidden]
            steps = " && ".join([*mounts, f"exec {shlex.join(command)}"])
            command = ["unshare", "-m", "sh", "-c", steps]
        inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        own = {
            "AUTOML_HOME": str(self._folder / f"home-of-{name}"),
            # a worker that waits for a driver imports much and is not used
            "RAY_prestart_worker_first_driver": "0",
        }
        with (self._folder / f"{name}.log").open("ab") as log:
            self._started[name] = subprocess.Popen(
                command,
                cwd="/",
                env={**inherited, **self.environment, **own},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def _tree(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    return []
