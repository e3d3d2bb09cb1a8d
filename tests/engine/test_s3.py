"""The states of trials go to a bucket of S3, which a process of moto serves; pictures come from it.

It and the driver for pictures are installed apart from everything else (Makefile).
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pyarrow import fs

import automl
from automl.engine import head_address
from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState, Flag
from automl.host import free_port
from automl.jobs.job import Job
from tests.faults import scenario, victims
from tests.small_training import TINY

pytestmark = pytest.mark.engine
_EPOCHS = 8
_PYTHON = str(Path(sys.prefix, "s3", "bin", "python"))
_READ_TWICE = """
from automl.dataset import remote_folders
for _ in range(2):
    print(remote_folders.fetch("s3://bucket/shapes"))
"""


class Bucket(NamedTuple):
    """A bucket called `bucket`."""

    address: str
    server: subprocess.Popen[bytes]
    log: Path
    """A line for each request."""

    @property
    def files(self) -> fs.S3FileSystem:
        return fs.S3FileSystem(
            access_key="id",
            secret_key="secret",
            scheme="http",
            endpoint_override=self.address,
            allow_bucket_creation=True,
        )


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    port = free_port.find()
    address, log = f"127.0.0.1:{port}", tmp_path_factory.mktemp("bucket") / "requests"
    command = [_PYTHON, "-m", "moto.server", "-p", str(port)]
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as server:
        found = Bucket(address, server, log)
        waiting = scenario.Waiting(120)
        assert waiting.until(lambda: head_address.accepts_connections(address), every=0.1)
        found.files.create_dir("bucket")
        yield found
        server.kill()


@pytest.mark.usefixtures("head")
@pytest.mark.parametrize("seconds", [5, pytest.param(300, marks=pytest.mark.nightly)])
def test_a_trial_goes_on_from_a_bucket_that_was_silent(
    bucket: Bucket, shapes: Path, seconds: int
) -> None:
    place = f"s3://id:secret@bucket/states?scheme=http&endpoint_override={bucket.address}"
    job = {
        "training_data": {"path": shapes},
        "training_parameters": {**TINY, "number_of_epochs": _EPOCHS, "early_stopping": False},
        "resources_per_trial": {"cpu": 1},
        "storage_path": place,
    }
    directory = launcher.create(Job.from_dict(job))
    launcher.start(directory)
    waiting = scenario.Waiting(300 + seconds)
    assert waiting.until(lambda: _num_evaluations(directory) >= 2), scenario.log(directory)
    os.kill(bucket.server.pid, signal.SIGSTOP)
    before = _num_evaluations(directory)
    time.sleep(seconds)
    # the state of one evaluation was safe, perhaps, when the storage fell silent
    assert _num_evaluations(directory) <= before + 1
    os.kill(bucket.server.pid, signal.SIGCONT)
    before = _num_evaluations(directory)
    assert waiting.until(lambda: _num_evaluations(directory) > before), scenario.log(directory)
    stored = bucket.files.get_file_info(fs.FileSelector("bucket/states", recursive=True))
    assert "state.safetensors" in {each.base_name for each in stored}
    (worker,) = victims.worker(directory)
    worker.kill()
    record = launcher.wait(directory)
    assert record.state is ExperimentState.COMPLETED, (record.message, record.details)
    (trial,) = store.load_trials(directory)
    assert [evaluation.epoch for evaluation in trial.evaluations] == list(range(1, _EPOCHS + 1))
    assert Flag.RESUMED in trial.flags
    assert (store.checkpoint_dir(directory, trial.trial_id) / "model.safetensors").is_file()


def test_pictures_in_a_bucket_are_read_once(bucket: Bucket, shapes: Path, home: Path) -> None:
    fs.copy_files(str(shapes), "bucket/shapes", destination_filesystem=bucket.files)
    environment = {
        "AWS_ENDPOINT_URL": f"http://{bucket.address}",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AUTOML_HOME": str(home),
        "PYTHONPATH": str(Path(automl.__file__).parents[1]),
    }
    done = subprocess.run(
        [_PYTHON, "-c", _READ_TWICE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = done.stdout.splitlines()
    assert first == second
    names = sorted(path.relative_to(shapes).as_posix() for path in shapes.rglob("*.png"))
    assert sorted(path.relative_to(first).as_posix() for path in Path(first).rglob("*")) == sorted(
        {*names, *(str(Path(name).parent) for name in names)}
    )
    asked = re.findall(r'"GET /bucket/shapes/(\S+\.png) ', bucket.log.read_text())
    assert sorted(asked) == names


def _num_evaluations(directory: Path) -> int:
    return sum(len(trial.evaluations) for trial in store.load_trials(directory))
