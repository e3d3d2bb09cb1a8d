"""Other users of the machine neither read nor write what is ours."""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl.access import audit, permissions
from automl.engine import cluster, ray_settings
from automl.experiments import launcher, store
from automl.host import home
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job

READERS = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may enter, with our home in it, under the usual umask."""
    folder = Path(tempfile.mkdtemp(prefix="automl-test-"))
    folder.chmod(0o755)
    monkeypatch.setenv("AUTOML_HOME", str(folder / "home"))
    previous = os.umask(0o022)
    yield folder
    os.umask(previous)
    shutil.rmtree(folder)


def fill(folder: Path) -> Path:
    """Everything that lies in our home; returns the experiment."""
    directory = launcher.create(Job(training_data=DataSource(path=folder)), name="pets")
    for name in ("uploads", "archives", "pixels"):
        (home.cache_dir(name) / "secret").write_text("secret")
    with audit.recorded(permissions.local_user(), permissions.Action.LOOK, via="command"):
        pass
    ray_settings.connection()
    return directory


def test_every_folder_of_ours_is_shut(open_folder: Path) -> None:
    directory = fill(open_folder)
    shut = [home.home_dir(), home.experiments_dir(), directory, cluster.info_path().parent]
    shut += [home.cache_dir(name) for name in ("uploads", "archives", "pixels")]
    assert [path for path in shut if path.stat().st_mode & READERS] == []
    token = ray_settings.connection()["RAY_AUTH_TOKEN_PATH"]
    for path in (Path(token), audit.path()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("is_open", [False, True], ids=["usual", "in a folder open to all"])
def test_another_user_reads_and_writes_nothing(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can try it as somebody else")
    if is_open:
        for name in ("home", "experiments"):
            (open_folder / name).mkdir(mode=0o755)
        monkeypatch.setenv("AUTOML_EXPERIMENTS_DIR", str(open_folder / "experiments"))
    directory = fill(open_folder)
    (open_folder / "for-all.txt").write_text("for all")
    assert as_nobody("cat", open_folder / "for-all.txt") == 0
    secrets = [path for path in open_folder.rglob("*") if path.is_file()]
    secrets.remove(open_folder / "for-all.txt")
    assert {"job.yml", "experiment.json", "audit.jsonl", "token"} <= {path.name for path in secrets}
    assert [path for path in secrets if as_nobody("cat", path) == 0] == []
    assert as_nobody("touch", directory / "control" / store.STOP_ALL) != 0
    assert not store.stop_requested(directory)


def as_nobody(*command: str | Path) -> int:
    """The exit code of a command that the user nobody runs."""
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return subprocess.run(
        [*become, *map(str, command)], capture_output=True, check=False
    ).returncode
