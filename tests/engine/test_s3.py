"""The states of trials go to a bucket of S3, which a process of moto serves.

It is installed apart from everything else (Makefile).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pyarrow import fs

from automl.engine import head_address
from automl.experiments import launcher, store
from automl.experiments.records import ExperimentState, Flag
from automl.jobs.job import Job
from tests.faults import scenario, victims
from tests.small_training import TINY

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("head")]
_EPOCHS = 8


class Bucket(NamedTuple):
    """A bucket called `bucket`."""

    address: str
    server: subprocess.Popen[bytes]

    @property
    def files(self) -> fs.S3FileSystem:
        return fs.S3FileSystem(
            access_key="id",
            secret_key="secret",
            scheme="http",
            endpoint_override=self.address,
            allow_bucket_creation=True,
        )


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    python = str(Path(sys.prefix, "s3", "bin", "python"))
    with subprocess.Popen(
        [python, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        found = Bucket(address, server)
        waiting = scenario.Waiting(120)
        assert waiting.until(lambda: head_address.accepts_connections(address), every=0.1)
        found.files.create_dir("bucket")
        yield found
        server.kill()


@pytest.mark.parametrize("seconds", [5, pytest.param(240, marks=pytest.mark.nightly)])
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


def _num_evaluations(directory: Path) -> int:
    return sum(len(trial.evaluations) for trial in store.load_trials(directory))
