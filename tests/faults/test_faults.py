"""The quick form of the fault suite: a blow of nearly every kind, all to the same experiment.

The long form, `make faults`, gives each of them to an experiment of its own, twenty times.
"""

import contextlib
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState
from tests.faults import scenario, victims

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pictures on a read-only disk, if this process may mount one."""
    folder = tmp_path_factory.mktemp("drawn")
    with disk(folder, "size=20m") as is_mounted:
        drawn = scenario.draw(folder / "pictures")
        if is_mounted:
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield drawn


@contextlib.contextmanager
def disk(folder: Path, options: str) -> Iterator[bool]:
    """A disk of its own for the folder; False without the right to mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    is_mounted = subprocess.run(mount).returncode == 0
    yield is_mounted
    if is_mounted:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def undisturbed(pictures: Path, head_home: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        directory = scenario.create(pictures, "one by one", "undisturbed")
        launcher.start(directory)
        record = scenario.finish(directory)
        assert record.state is ExperimentState.COMPLETED, (record.message, record.details)
    return directory


_SHORT = (0, 1, 4)  # of the blows below


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(_SHORT, id="short"),
        pytest.param(range(6), id="all", marks=pytest.mark.nightly),
    ],
)
def test_an_experiment_that_everything_happens_to_comes_to_the_same(
    undisturbed: Path, tmp_path: Path, chosen: Sequence[int]
) -> None:
    """Started by an app that dies, killed in every way, its data gone in between."""
    pictures, hidden = scenario.draw(tmp_path / "pictures"), tmp_path / "hidden"
    disturbed = scenario.create(pictures, "one by one", "disturbed")
    victims.start_from_an_app_that_is_killed(disturbed)

    def tear_rays_state() -> None:
        for path in (disturbed / "tune").rglob("*"):
            if path.is_file():
                torn = path.read_bytes()[: path.stat().st_size // 2]
                path.unlink()  # another name may belong to the same file
                path.write_bytes(torn)

    def clear_rays_state() -> None:
        assert "60 gone, the first is " in notes()
        shutil.rmtree(disturbed / "tune")

    def notes() -> str:
        return " ".join(store.load_experiment(disturbed).notes)

    def bring_back() -> None:
        hidden.rename(pictures)
        (pictures / "red" / "0.png").write_bytes(b"other bytes")

    blows: list[tuple[str, str, Callable[[], object]]] = [
        ("engine", "preparation", bool),
        ("engine", "checkpoint", lambda: (tear_rays_state(), pictures.rename(hidden))),
        ("worker", "epoch", bool),
        ("gcs", "epoch", clear_rays_state),
        ("everything", "checkpoint", bring_back),
        ("engine", "export", bool),
    ]
    for victim, moment, while_down in [blows[index] for index in chosen]:
        outcome = scenario.strike(
            disturbed, victim, moment, random.Random(0), while_down=while_down
        )
        sys.stderr.write(f"{outcome}\n")  # to be seen if a later blow fails
        assert outcome.is_hit, f"the {victim} was not there to be killed in the {moment}"
    scenario.finish(disturbed)
    scenario.assert_same(disturbed, undisturbed)
    assert "Pictures have changed since the search began: 1 changed" in notes()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    with disk(folder, "size=200m") as is_mounted:
        if not is_mounted:
            pytest.skip("a small disk needs the right to mount one")
        yield folder


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
    return ballast


def test_a_full_disk_ends_it_with_a_sentence_and_it_goes_on_when_there_is_room(
    undisturbed: Path, pictures: Path, small_disk: Path
) -> None:
    directory = scenario.create(pictures, "one by one", "full", experiments_dir=small_disk)
    launcher.start(directory)
    scenario.wait_until_training(directory)
    ballast = fill(small_disk)
    record = scenario.finish(directory)
    assert record.state is ExperimentState.FAILED
    assert record.message.startswith("The disk is full: "), record.message
    assert str(directory) in record.message

    launcher.resume(directory)  # still full
    assert scenario.finish(directory).message.startswith("The disk is full: ")

    ballast.unlink()
    launcher.resume(directory)
    scenario.finish(directory)
    scenario.assert_same(directory, undisturbed)
