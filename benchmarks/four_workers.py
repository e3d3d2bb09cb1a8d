"""Work that four workers do, by that of one: `python -m benchmarks.four_workers`, two minutes.

The trials sleep, so that they need no cores: what is missing to four times is the time that the
engine takes between reports. Both searches run on one Ray with four cores on paper.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from automl.engine.planning import PlannedTrial
from automl.engine.resources import Resources
from benchmarks import bare_search, untrained
from benchmarks.untrained import Untrained

_SECONDS = 1.5
_TRIALS_OF_A_WORKER = 4
_WANTED = 3.6


class Sleeps(Untrained):
    """Takes its time for each report, and none of a core's."""

    def step(self) -> dict[str, Any]:
        time.sleep(_SECONDS)
        return super().step()


def main() -> float:
    import ray

    for module in (untrained, sys.modules[Sleeps.__module__]):
        ray.cloudpickle.register_pickle_by_value(module)  # a worker does not find them
    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-", dir="/tmp") as place:
        one, four = (_reports_per_second(Path(place), number) for number in (1, 4))
    print(f"four workers do {four / one:.2f} times the work of one; {_WANTED} are wanted")
    return four / one


def _reports_per_second(folder: Path, num_workers: int) -> float:
    """Reports of a second, while all workers have a trial: Ray starts them one after the other."""
    number = num_workers * _TRIALS_OF_A_WORKER
    planned = [PlannedTrial.of(index, {"model_name": "resnet18"}) for index in range(number)]
    resources = Resources(num_workers, 1, 0.0, [])
    trials = bare_search.run(folder / str(num_workers), planned, resources, Sleeps, {})
    ends = [[each.finished_at for each in trial.evaluations] for trial in trials]
    begin = max(times[0] for times in ends[:num_workers])
    end = min(times[-1] for times in ends[-num_workers:])
    count = sum(begin < moment <= end for times in ends for moment in times)
    return count / (end - begin).total_seconds()


if __name__ == "__main__":
    sys.exit(main() < _WANTED)
