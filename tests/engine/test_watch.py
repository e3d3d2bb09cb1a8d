"""Requests to stop: files that any program may have written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from automl.engine import ray_internals
from automl.engine.results import Results
from automl.engine.watch import Watch
from automl.experiments import endings, store
from automl.experiments.records import ExperimentState
from automl.jobs.job import Job
from tests.conftest import build_trial


@pytest.fixture(autouse=True)
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker listens."""
    monkeypatch.setattr(ray_internals, "put", lambda *_: None)


@pytest.fixture
def watch(make_experiment: Callable[..., Path], tmp_path: Path) -> Watch:
    directory = make_experiment(
        state=ExperimentState.RUNNING, trials=[build_trial("trial-000", [0.5])]
    )
    job = Job.from_dict({"training_data": {"path": str(tmp_path)}})
    return Watch(job, Results(directory, "accuracy"))


@pytest.mark.parametrize("name", ["trial-999", "", "trial-000.txt", "..", "\udcff", "a" * 200])
def test_a_request_to_stop_an_unknown_trial_is_ignored(watch: Watch, name: str) -> None:
    control = watch._results.experiment_dir / "control"
    control.mkdir(exist_ok=True)
    (control / f"stop-trial-{name}").touch()
    watch.look()
    assert watch.ending is None


def test_a_folder_is_no_request(watch: Watch) -> None:
    directory = watch._results.experiment_dir
    for name in ("stop", "stop-trial-000", "stop-trial-trial-000"):
        (directory / "control" / name).mkdir(parents=True)
    watch.look()
    assert watch.ending is None
    store.clear_requests(directory)
    watch.look()
    assert watch.ending is None


def test_what_is_late_leaves_the_end_of_a_search_its_time(watch: Watch) -> None:
    watch.seconds_for_end = lambda: 30.0
    watch._results.time_limit.begin(1)
    watch.look()
    assert watch.ending is None
    watch._results.time_limit.begin(0.49)
    watch.look()
    assert watch.ending is not None
    assert watch.ending.is_success
    assert watch.ending.reason.startswith(endings.TIME_LIMIT)
    assert "was needed for the export" in watch.ending.reason
