import os
from pathlib import Path

import pytest

from automl.host import cores


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of cgroups without any limit yet."""
    monkeypatch.setattr(cores, "_CGROUPS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    return tmp_path


def test_without_a_limit_the_affinity_counts(cgroup: Path) -> None:
    (cgroup / "cpu.max").write_text("max 100000\n")
    assert cores.usable_cores() == 4


@pytest.mark.parametrize(
    ("quota", "expected"), [(250_000, 2), (150_000, 1), (50_000, 1), (900_000, 4)]
)
def test_a_quota_is_rounded_down_to_whole_cores(cgroup: Path, quota: int, expected: int) -> None:
    (cgroup / "cpu.max").write_text(f"{quota} 100000\n")
    assert cores.usable_cores() == expected
    (cgroup / "cpu.max").unlink()
    (cgroup / "cpu").mkdir()
    (cgroup / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    (cgroup / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    assert cores.usable_cores() == expected
    (cgroup / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert cores.usable_cores() == 4


def test_without_affinity_the_machine_counts(
    cgroup: Path,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores.usable_cores() == os.cpu_count()
