"""The quick form of the fault suite: a blow of nearly every kind, all to the same experiment, whose
disk becomes full as well.

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
from tests.small_disk import disk

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


@pytest.fixture(scope="module")
def undisturbed(pictures: Path, head_home: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_HOME", str(head_home))
        directory = scenario.create(pictures, "one by one", "undisturbed")
        launcher.start(directory)
        record = scenario.finish(directory)
        assert record.state is ExperimentState.COMPLETED, (record.message, record.details)
    return directory


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A folder on a disk of its own; None without the right to mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    with disk(folder, "size=200m") as is_mounted:
        yield folder if is_mounted else None


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65536))
    return ballast


class Disturbed:
    """An experiment, and everything that happens to it."""

    def __init__(self, folder: Path, small_disk: Path | None) -> None:
        self._pictures, self._hidden = scenario.draw(folder / "pictures"), folder / "hidden"
        self._small_disk = small_disk
        self.directory = scenario.create(
            self._pictures, "one by one", "disturbed", experiments_dir=small_disk
        )
        self.blows: list[Callable[[], object]] = [
            lambda: self._kill("engine", "preparation"),
            lambda: self._kill("engine", "checkpoint", self._lose_the_data_and_half_of_rays_state),
            self._fill_the_disk,
            lambda: self._kill("worker", "epoch"),
            lambda: self._kill("gcs", "epoch", self._lose_rays_state),
            lambda: self._kill("everything", "checkpoint", self._bring_back_the_data),
            lambda: self._kill("engine", "export"),
        ]

    def notes(self) -> str:
        return " ".join(store.load_experiment(self.directory).notes)

    def _kill(self, victim: str, moment: str, while_down: Callable[[], object] = bool) -> None:
        outcome = scenario.strike(
            self.directory, victim, moment, random.Random(0), while_down=while_down
        )
        sys.stderr.write(f"{outcome}\n")  # to be seen if a later blow fails
        assert outcome.is_hit, f"the {victim} was not there to be killed in the {moment}"

    def _lose_the_data_and_half_of_rays_state(self) -> None:
        for path in (self.directory / "tune").rglob("*"):
            if path.is_file():
                torn = path.read_bytes()[: path.stat().st_size // 2]
                path.unlink()  # another name may belong to the same file
                path.write_bytes(torn)
        self._pictures.rename(self._hidden)

    def _lose_rays_state(self) -> None:
        assert "60 gone, the first is " in self.notes()
        shutil.rmtree(self.directory / "tune")

    def _bring_back_the_data(self) -> None:
        self._hidden.rename(self._pictures)
        (self._pictures / "red" / "0.png").write_bytes(b"other bytes")

    def _fill_the_disk(self) -> None:
        """It ends with a sentence, and goes on when there is room."""
        if self._small_disk is None:
            return
        scenario.wait_until_training(self.directory)
        ballast = fill(self._small_disk)
        record = scenario.finish(self.directory)
        assert record.state is ExperimentState.FAILED
        assert record.message.startswith("The disk is full: "), record.message
        assert str(self.directory) in record.message

        launcher.resume(self.directory)  # still full
        assert scenario.finish(self.directory).message.startswith("The disk is full: ")

        ballast.unlink()
        launcher.resume(self.directory)


_SHORT = (0, 1, 2, 5)  # of the blows


@pytest.mark.parametrize(
    "chosen",
    [
        pytest.param(_SHORT, id="short"),
        pytest.param(range(7), id="all", marks=pytest.mark.nightly),
    ],
)
def test_an_experiment_that_everything_happens_to_comes_to_the_same(
    undisturbed: Path, small_disk: Path | None, tmp_path: Path, chosen: Sequence[int]
) -> None:
    """Started by an app that dies, killed in every way, its data gone in between."""
    disturbed = Disturbed(tmp_path, small_disk)
    victims.start_from_an_app_that_is_killed(disturbed.directory)
    for index in chosen:
        disturbed.blows[index]()
    scenario.finish(disturbed.directory)
    scenario.assert_same(disturbed.directory, undisturbed)
    assert "Pictures have changed since the search began: 1 changed" in disturbed.notes()
    if small_disk is None:
        pytest.skip("all is well, but a full disk was no part of it: none can be mounted here")
