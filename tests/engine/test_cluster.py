import ast
import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from automl.engine import cluster, head_address, ray_settings
from automl.engine.head import Lease

pytestmark = pytest.mark.engine


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def info(home: Path) -> dict[str, str]:
    return dict(json.loads((home / "ray" / "head.json").read_text()))


def test_asking_twice_gives_the_same_head(head: Path) -> None:
    assert cluster.ensure_local_head() == cluster.ensure_local_head() == info(head)["address"]
    head_address.check(info(head)["address"])


def test_only_this_user_can_read_the_token_and_enter_the_folders(head: Path) -> None:
    assert mode(head / "ray" / "token") == 0o600
    assert mode(head / "ray") == 0o700
    assert mode(Path(info(head)["temp_dir"])) == 0o700


def test_temporary_files_of_workers_lie_in_the_folder_of_the_head(head: Path) -> None:
    keeper = psutil.Process(int(info(head)["keeper_pid"]))
    place = Path(info(head)["temp_dir"]) / "tmp"
    assert place.is_dir()
    assert {process.environ()["TMPDIR"] for process in keeper.children()} == {str(place)}


def test_the_head_runs_without_a_dashboard_on_loopback(head: Path) -> None:
    assert info(head)["address"].startswith("127.0.0.1:")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", 8265)) != 0


def test_everything_that_listens_does_so_on_loopback_alone(head: Path) -> None:
    keeper = psutil.Process(int(info(head)["keeper_pid"]))
    listening = [
        (connection.laddr.ip.removeprefix("::ffff:"), connection.laddr.port)
        for process in [keeper, *keeper.children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    port = int(info(head)["address"].rpartition(":")[2])
    assert ("127.0.0.1", port) in listening
    assert {address for address, _ in listening} <= {"127.0.0.1", "::1"}
    assert not {number for _, number in listening} & {8265, 10001}
    commands = [" ".join(process.cmdline()) for process in keeper.children(recursive=True)]
    assert any("gcs_server" in command for command in commands)
    assert not [command for command in commands if "dashboard.py" in command]


def test_a_driver_listens_on_loopback_alone(head: Path) -> None:
    program = (
        "import psutil, ray, sys; ray.init(address=sys.argv[1], log_to_driver=False)\n"
        "found = psutil.Process().net_connections('inet')\n"
        "print([one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, info(head)["address"]],
        env={**os.environ, **ray_settings.connection()},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    addresses = ast.literal_eval(done.stdout.strip().splitlines()[-1])
    assert {one.removeprefix("::ffff:") for one in addresses} == {"127.0.0.1"}, done.stderr


def test_a_token_of_somebody_else_is_refused(head: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0" * 64)
    program = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False)"
    stranger = {**ray_settings.connection(), "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}
    done = subprocess.run(
        [sys.executable, "-c", program, info(head)["address"]],
        env={**os.environ, **stranger},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode != 0


def test_a_lease_ends_by_time_that_passes_not_by_a_clock_that_was_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """home: without a head."""
    assert not (home / "ray" / "head.json").exists()
    cluster.touch_lease()
    lease = Lease()
    passed = time.monotonic()
    monkeypatch.setattr("automl.engine.head.time.time", lambda: passed + 10**9)
    assert not lease.is_over()
    monkeypatch.setattr("automl.engine.head.time.monotonic", lambda: passed + 29 * 60)
    assert not lease.is_over()
    os.utime(cluster.lease_path(), (1, 1))  # touched, after the clock was set back
    monkeypatch.setattr("automl.engine.head.time.monotonic", lambda: passed + 31 * 60)
    assert not lease.is_over()
    monkeypatch.setattr("automl.engine.head.time.monotonic", lambda: passed + 62 * 60)
    assert lease.is_over()
