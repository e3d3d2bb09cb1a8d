"""`python -m tests.engine.two_machines ADDRESS FOLDER`: a trial in two workers of a Ray cluster.

FOLDER has the pictures. Prints what a test then compares, as JSON. Only its workers import torch.
"""

import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import ray

from automl.engine import ranks_elsewhere
from automl.engine.carried import Carried
from automl.errors import RankDiedError
from automl.jobs.compatibility import resolve
from automl.training import resume_state
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from torch import Tensor, nn

    from automl.training.devices import OneDevice, SeveralDevices
    from automl.training.trial_training import TrialTraining

_ASKED = {
    "model_name": "test_convnext",  # layer norms: torch synchronises batch norms on a GPU alone
    "pretrained": "never",
    "training_crop_size": 32,
    "training_batch_size": 16,
    "number_of_epochs": 1000,
    "precision": "fp32",
}


def only_fits_four_elsewhere(training: "TrialTraining") -> None:
    import torch

    def refuse(_: "nn.Module", inputs: "tuple[Tensor]") -> None:
        if len(inputs[0]) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    if training.placement.ranks.rank == 1:
        training.learner.network.register_forward_pre_hook(refuse)


def write_process(training: "TrialTraining", folder: Path) -> None:
    (folder / str(training.placement.ranks.rank)).write_text(str(os.getpid()))


def report(data: TrialData) -> dict[str, Any]:
    """In the first bundle of a placement group of two."""
    import torch

    from automl.training import standing
    from automl.training.cancellation import CancelledError
    from automl.training.devices import OneDevice, SeveralDevices
    from automl.training.trial_training import Placement, TrialTraining

    asked = resolve(_ASKED)
    machines = ranks_elsewhere.machines
    found: dict[str, Any] = {
        "machines": [list(machines(with_others=each).values()) for each in (False, True)]
    }
    one = OneDevice(asked, data, Placement(torch.device("cpu"), num_threads=1))
    found["alone"] = [_loss(one) for _ in range(3)]
    elsewhere = ranks_elsewhere.elsewhere(("cpu",), data, Carried(), lambda _: None)

    is_over = threading.Event()

    def start() -> "SeveralDevices":
        return SeveralDevices(asked, data, ["cpu"], 1, is_over.is_set, elsewhere)

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        two = start()
        found["together"] = [_loss(two)]
        two.ask(TrialTraining.save_state, folder)
        found["together"] += [_loss(two) for _ in range(2)]
        found["device"] = two.ask(standing.of).effective["device"]
        state = resume_state.find(folder)
        assert state is not None
        two.go_on_from(state)
        two.ask_all(only_fits_four_elsewhere)
        found["in parts"] = [_loss(two) for _ in range(2)]
        found["parts"] = two.ask(standing.of).recovery.num_parts
        two.ask_all(write_process, folder)
        other = psutil.Process(int((folder / "1").read_text()))
        other.kill()
        try:
            two.advance(lambda: None)
        except RankDiedError as error:
            found["killed"] = str(error)
        two = start()
        two.ask_all(write_process, folder)
        other = psutil.Process(int((folder / "1").read_text()))
        is_over.set()
        try:
            two.advance(lambda: None)
        except CancelledError:
            two.close()
            psutil.wait_procs([other], timeout=60)
            found["is left"] = other.is_running()
    return found


def _loss(training: "OneDevice | SeveralDevices") -> float:
    evaluation, _ = training.advance(lambda: None)
    assert evaluation.valid_loss is not None
    return evaluation.valid_loss


def main(address: str, pictures: Path) -> None:
    import tests.engine.two_machines as mine
    from tests.small_training import make_data

    ray.init(address=address, log_to_driver=False)
    group = ray.util.placement_group([{"CPU": 1}, {"CPU": 1}], strategy="SPREAD")
    place = ranks_elsewhere.PlacementGroupSchedulingStrategy(group, 0)
    task = ray.remote(mine.report).options(num_cpus=1, scheduling_strategy=place)
    found = ray.get(task.remote(make_data(pictures, resolve(_ASKED))))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
