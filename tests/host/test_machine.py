import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from automl.host import home, machine, process_lock
from automl.host.machine import Room


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a program in the place of nvidia-smi."""

    def driver(script: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return driver


def test_a_gpu_has_a_name_and_its_memory(driver) -> None:
    driver("echo 'NVIDIA H100, 81559 MiB'; echo 'NVIDIA A2, 15356 MiB'")
    assert machine.gpus() == ["NVIDIA H100, 81559 MiB", "NVIDIA A2, 15356 MiB"]


def test_a_driver_that_fails_hides_no_gpu(driver) -> None:
    driver("echo 'No devices were found'; exit 9")
    assert machine.gpus() == ["a GPU of unknown name"] * machine.num_gpus()


def group(folder: Path, most: str, used: int) -> Path:
    """Control group of processes, with a limit of memory."""
    folder.mkdir()
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    return folder


def test_a_container_has_the_memory_it_may_use(tmp_path) -> None:
    whole = Room(total=9000, free=500)
    groups = [group(tmp_path / "a", "1000", 400), group(tmp_path / "b", "max", 5), tmp_path]
    assert machine.within(groups, whole) == Room(total=1000, free=500)
    assert machine.within([group(tmp_path / "c", "700", 600), *groups], whole) == Room(700, 100)
    assert machine.within(groups[1:], whole) == whole


def test_the_memory_is_no_more_than_the_machine_has() -> None:
    assert 0 < machine.memory().free < machine.memory().total <= psutil.virtual_memory().total


def test_the_head_runs_while_its_lock_is_held() -> None:
    assert not machine.head_is_running()
    assert process_lock.take(home.head_lock_path()) is not None
    assert machine.head_is_running()


def test_models_in_the_folder_of_weights_are_counted(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("AUTOML_WEIGHTS_DIR", raising=False)
    assert machine.num_weights() is None
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(tmp_path / "weights"))
    assert machine.num_weights() is None
    for name in ("resnet18", "resnet50", "half"):
        (tmp_path / "weights" / name).mkdir(parents=True)
    for name in ("resnet18", "resnet50"):
        (tmp_path / "weights" / name / "model.safetensors").touch()
    assert machine.num_weights() == 2


def test_versions_are_told_without_importing_what_they_are_of() -> None:
    program = (
        "import sys\nfrom automl.host import machine\nassert machine.versions()['torch'] >= '2'\n"
        "machine.head_is_running(), machine.memory(), machine.disk()\n"
        "sys.exit(not {'torch', 'torchvision', 'timm', 'ray'}.isdisjoint(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
