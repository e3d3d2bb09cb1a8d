"""The cache of what was measured on this machine."""

from pathlib import Path

import pytest

from automl.jobs import speeds
from automl.jobs.speeds import NetworkSpeed, Speeds

USUAL = NetworkSpeed(side=224, forward_seconds=0.01, step_seconds=0.04)


def test_the_latest_ends_are_remembered_beside_the_speeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    speeds.keep_end(0.5, "cpu", 2, is_frozen=True)
    assert speeds.cached("cpu", 2) is None  # an end says nothing without the speed of networks
    speeds.keep(Speeds(networks={"resnet18": USUAL}), "cpu", 2)
    for taken in (3.0, 0.5, 0.6, 0.7, 0.8, 0.9):
        speeds.keep_end(taken, "cpu", 2, is_frozen=True)
    speeds.keep_end(1.5, "cpu", 2, is_frozen=False)
    speeds.keep(Speeds(networks={"mobilenetv2": USUAL}), "cpu", 2)
    found = speeds.cached("cpu", 2)
    assert found is not None
    assert list(found.networks) == ["resnet18", "mobilenetv2"]
    assert found.ends == {"frozen": [0.5, 0.6, 0.7, 0.8, 0.9], "trained": [1.5]}
