import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from automl.engine import fork_server, forked_worker

pytestmark = pytest.mark.skipif(not fork_server.is_supported(), reason="forks are for Linux")
_WORKER = """
import json, os, sys
print(json.dumps({
    "pid": os.getpid(), "parent": os.getppid(), "name": __name__, "arguments": sys.argv[1:],
    "given": os.environ.get("GIVEN"), "home": os.environ.get("HOME"), "folder": os.getcwd(),
    "niceness": os.nice(0), "has_torch": "torch" in sys.modules,
    "has_ray": "ray.tune" in sys.modules,
}), flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def server(head_home):
    """Socket and process id of the server of the tests' head."""
    head = json.loads((head_home / "ray" / "head.json").read_text())
    keeper = psutil.Process(head["keeper_pid"])
    (place,) = {process.environ()[forked_worker.SOCKET] for process in keeper.children()}
    command = fork_server.command(place)
    (process,) = (child for child in keeper.children() if child.cmdline() == command)
    return place, process.pid


def _ask(place, script: Path, *arguments: str, folder: Path, **options) -> subprocess.Popen:
    script.write_text(_WORKER, "utf-8")
    environment = {**os.environ, forked_worker.SOCKET: str(place), **options.pop("env", {})}
    command = [sys.executable, forked_worker.__file__, str(script), *arguments]
    return subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **options,
    )


def _threads(process_id: int) -> set[str]:
    """Names of its threads: a fork lacks all but its own; pyarrow's allocator is used to that."""
    tasks = Path(f"/proc/{process_id}/task").glob("*/comm")
    return {comm.read_text("ascii").strip() for comm in tasks} - {"jemalloc_bg_thd"}


def _wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_worker_is_forked_as_if_it_had_been_started(server, tmp_path):
    place, server_pid = server
    context = '--serialized-runtime-env-context={"env_vars": {"GIVEN": "by Ray"}}'
    given = ["--job=7", context, "--language=PYTHON"]
    with _ask(
        place,
        tmp_path / "worker.py",
        *given,
        folder=tmp_path,
        env={"HOME": "/nowhere"},
        preexec_fn=lambda: os.nice(3),
    ) as asking:
        told = json.loads(asking.stdout.readline())
        threads = _threads(server_pid)
        asking.stdin.write("\n")
        asking.stdin.flush()
        assert asking.wait(timeout=120) == 0
    _wait_until(lambda: not psutil.pid_exists(told["pid"]))  # not even a zombie stays
    assert len(threads) == 1, threads
    assert told["parent"] == server_pid
    assert told["has_torch"]
    assert told["name"] == "__main__"
    assert told["arguments"] == ["--job=7"]
    assert told["given"] == "by Ray"
    assert told["home"] == "/nowhere"
    assert told["folder"] == str(tmp_path)
    assert told["niceness"] == os.nice(0) + 3


def test_a_job_has_a_server_of_its_own_with_ray_that_ends_with_its_engine(server, tmp_path):
    place, server_pid = server
    own = forked_worker.place_of(place, "0b000000")
    job = {forked_worker.JOB: "0b000000"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as engine:
        engine.connect(place)
        request = {"place": own, "environment": job}
        socket.send_fds(engine, [json.dumps(request).encode()], [0, 1, 2])
        own_pid = int(engine.recv(32))
        _wait_until(Path(own).exists)
        with _ask(place, tmp_path / "worker.py", folder=tmp_path, env=job) as asking:
            told = json.loads(asking.stdout.readline())
            threads = _threads(own_pid)
            asking.stdin.close()
        assert told["parent"] == own_pid
        assert told["has_torch"]
        assert told["has_ray"]
        assert len(threads) == 1, threads
    _wait_until(lambda: not psutil.pid_exists(own_pid))
    assert not Path(own).exists()
    with _ask(place, tmp_path / "worker.py", folder=tmp_path, env=job) as asking:
        told = json.loads(asking.stdout.readline())
        asking.stdin.close()
    assert told["parent"] == server_pid
    assert not told["has_ray"]


def test_workers_of_a_job_whose_server_was_killed_are_forked_from_that_of_the_head(
    server, tmp_path
):
    place, server_pid = server
    own = forked_worker.place_of(place, "0c000000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as engine:
        engine.connect(place)
        request = {"place": own, "environment": {}}
        socket.send_fds(engine, [json.dumps(request).encode()], [0, 1, 2])
        own_pid = int(engine.recv(32))
        _wait_until(Path(own).exists)
        os.kill(own_pid, signal.SIGKILL)
        _wait_until(lambda: not psutil.pid_exists(own_pid))
        job = {forked_worker.JOB: "0c000000"}
        with _ask(place, tmp_path / "worker.py", folder=tmp_path, env=job) as asking:
            told = json.loads(asking.stdout.readline())
            asking.stdin.close()
    assert told["parent"] == server_pid


def test_a_client_that_ends_before_it_has_asked_leaves_the_server_to_others(server, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(server[0])
    with _ask(server[0], tmp_path / "worker.py", folder=tmp_path) as asking:
        told = json.loads(asking.stdout.readline())
        asking.stdin.close()
    assert told["parent"] == server[1]


def test_who_asked_ends_with_a_worker_that_is_killed(server, tmp_path):
    with _ask(server[0], tmp_path / "worker.py", folder=tmp_path) as asking:
        told = json.loads(asking.stdout.readline())
        os.kill(told["pid"], signal.SIGKILL)
        asking.wait(timeout=120)


def test_a_worker_that_has_ended_before_it_is_watched_is_not_started_again(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    place = tmp_path / "fork"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(place))
        listener.listen()
        with _ask(place, tmp_path / "worker.py", folder=tmp_path) as asking:
            connection, _ = listener.accept()
            with connection:
                _, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
                for file in files:
                    os.close(file)
                connection.sendall(str(ended.pid).encode())
            told, _ = asking.communicate(timeout=120)
    assert (told, asking.returncode) == ("", 0)


def test_forks_cost_little(server, tmp_path):
    with _ask(server[0], tmp_path / "worker.py", folder=tmp_path) as asking:
        told = json.loads(asking.stdout.readline())
        used = psutil.Process(told["pid"]).cpu_times()
        asking.stdin.close()
    assert used.user + used.system < 1  # importing torch alone takes longer


def test_without_a_server_it_becomes_the_worker(tmp_path):
    nobody = tmp_path / "nobody"
    with _ask(nobody, tmp_path / "worker.py", "--job=7", folder=tmp_path) as asking:
        told = json.loads(asking.stdout.readline())
        assert told["pid"] == asking.pid
        assert told["arguments"] == ["--job=7"]
        asking.stdin.close()
