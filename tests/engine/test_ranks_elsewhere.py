"""A trial on two machines: two workers of Ray that share a placement group, here on one machine."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from automl.engine import cluster, ray_settings

pytestmark = pytest.mark.engine


def test_a_trial_on_two_machines_is_that_on_one(head: Path, shapes: Path) -> None:
    info = cluster.head_info()
    assert info is not None
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.two_machines", info["address"], str(shapes)],
        env={**os.environ, **ray_settings.connection(), "AUTOML_HOME": str(head)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["machines"] == [[""], [socket.gethostname()]]  # a baseline needs no other
    assert found["device"] == "2 x cpu"
    assert found["together"] == pytest.approx(found["alone"], rel=1e-3)
    # from the state after the first epoch, with a memory that is too small on the other machine
    assert found["in parts"] == pytest.approx(found["alone"][1:], rel=1e-3)
    assert found["parts"] == 2
    assert found["killed"].startswith("A process on another machine")
    assert not found["is left"]
