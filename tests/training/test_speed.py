"""The measured speed of a network against a training with it, in processor time."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from automl.host import cores
from automl.jobs.compatibility import resolve
from automl.jobs.speeds import Speeds
from automl.jobs.trial_cost import Costs, Counts
from automl.training import speed
from automl.training.steps import Steps
from automl.training.trial_data import TrialData
from automl.training.trial_training import Placement, TrialTraining
from tests.small_training import TINY


def test_an_epoch_in_small_batches_takes_what_the_plan_says(
    tiny_data: TrialData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With processor time for the time of the wall, which others of this machine prolong."""
    clock = SimpleNamespace(perf_counter=time.process_time, process_time=time.process_time)
    monkeypatch.setattr(speed, "time", clock)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        measured = speed.measure_trial(resolve(TINY), len(tiny_data.class_names)).speed
        taken = {size: _epoch_seconds(tiny_data, size) for size in (2, 24)}
    finally:
        torch.set_num_threads(threads)
    counts = Counts(len(tiny_data.train.labels), 0, len(tiny_data.class_names))
    costs = Costs(Speeds(networks={"test_resnet": measured}), counts)
    for size, seconds in taken.items():
        planned, _ = costs.of_epoch({**TINY, "training_batch_size": size})
        assert seconds / 3 < planned < 3 * seconds  # others use the caches of the processor, too
    assert taken[2] > 3 * taken[24]  # so the number of batches counts


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux tells of waits")
def test_a_network_is_measured_again_while_another_program_takes_the_core() -> None:
    steps = Steps(resolve({**TINY, "number_of_epochs": 9}), 3, torch.device("cpu"), num_pictures=8)
    num_calls = 0

    def count(*_: object) -> None:
        nonlocal num_calls
        num_calls += 1

    steps.network.register_forward_hook(count)
    affinity, threads = os.sched_getaffinity(0), torch.get_num_threads()
    core = min(affinity)
    torch.set_num_threads(1)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            for process in (0, other.pid):
                os.sched_setaffinity(process, {core})
            waited = cores.seconds_waited()
            begun = time.perf_counter()
            measured = speed._speed(steps, 8, 32)
            taken = time.perf_counter() - begun
        finally:
            other.kill()
            os.sched_setaffinity(0, affinity)
            torch.set_num_threads(threads)
    assert cores.seconds_waited() - waited > 0.1 * taken
    assert measured.step_seconds > 0
    assert num_calls > 9  # three kinds of calls, each at most three times


def _epoch_seconds(data: TrialData, size: int) -> float:
    """The shortest of a few epochs, after one that allocates memory."""
    values = {**TINY, "training_batch_size": size, "number_of_epochs": 9}
    training = TrialTraining(resolve(values), data, Placement(torch.device("cpu"), num_threads=1))
    seconds = []
    for epoch in range(1, 5):
        before = time.process_time()
        training.train(epoch)
        seconds.append(time.process_time() - before)
    return min(seconds[1:])
