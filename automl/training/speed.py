"""Measure how fast networks score and train here: a few batches of generated pictures, no Ray."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from automl.host import cores, freed_memory
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.model.network import count_parameters
from automl.training import measure as measuring
from automl.training.steps import Steps

_BATCH_SIZE = 8
_FEW = 2
_SLOW_SECONDS = 0.5
"""Time of a step on few pictures from which a batch is made half as large."""

_SLOWEST_SECONDS = 2.0
"""Time of a first call from which there is no second one: allocating takes little of it."""

_MAX_REPETITIONS = 2
_NUM_STEPS = 20
"""Length of the schedule that the steps are taken from; more than there are."""

_NETWORK_SECONDS = 0.35
"""Time for each of the measurements of a network, from which no repetition starts."""

_DISTURBED = 0.1
"""Share of its time for which a thread waits for a core, from which a network is measured again."""

_MOST_MEASUREMENTS = 3
_DISTURBED_SECONDS = 4.0
"""Time from which a network is not measured again."""

_ALL_SECONDS = 6.0
"""Time from which no further network is measured."""


class TrialMeasure(NamedTuple):
    """Time and memory that a trial takes of this machine."""

    speed: NetworkSpeed
    memory_bytes: int
    """Peak of a training step at the trial's batch size: of the GPU, or else of the machine."""

    weight_bytes: int


def measure(
    model_names: Sequence[str],
    *,
    side: int,
    num_threads: int,
    num_classes: int,
    progress: Callable[[int, int], None] | None = None,
) -> Speeds:
    """Seconds for a picture, of as many networks as fit into some seconds; at least the first.

    Args:
        model_names: the most important network first.
        side: side of the pictures in pixels.
        num_threads: threads of a trial.
        num_classes: size of the last layer.
        progress: called with the number of measured networks and that of all.
    """
    torch.set_num_threads(num_threads)
    started = time.perf_counter()
    networks: dict[str, NetworkSpeed] = {}
    for name in model_names:
        if networks and time.perf_counter() - started > _ALL_SECONDS:
            break
        if progress is not None:
            progress(len(networks), len(model_names))
        asked = {"model_name": name, "training_crop_size": side, "layer_decay": 0.9}
        hyperparameters = resolve({**asked, "pretrained": "never"})
        networks[name] = _speed(_steps(hyperparameters, num_classes), _BATCH_SIZE, side)
    return Speeds(networks=networks)


def measure_trial(hyperparameters: Hyperparameters, num_classes: int) -> TrialMeasure:
    """Speed and memory of a trial with these hyperparameters, by steps on a few pictures.

    Memory beyond the few pictures grows with each further one of a batch by as much as between two
    smaller batches.
    """
    changes = {"method": "fine_tuning", "pretrained": "never", "number_of_epochs": _NUM_STEPS}
    steps = _steps(hyperparameters.model_copy(update=changes), num_classes)
    side = hyperparameters.training_crop_size
    started = time.perf_counter()
    few = _peak_bytes(steps, _FEW, side)
    is_slow = time.perf_counter() - started > _SLOW_SECONDS
    number = _BATCH_SIZE // 2 if is_slow else _BATCH_SIZE
    some = _peak_bytes(steps, number, side)
    more = hyperparameters.training_batch_size - number
    weight_bytes = 4 * max(count_parameters(steps.network).values())
    return TrialMeasure(
        speed=_speed(steps, number, side),
        # a trial keeps a copy of its last good weights
        memory_bytes=some + weight_bytes + max(0, more * (some - few) // (number - _FEW)),
        weight_bytes=weight_bytes,
    )


def _steps(hyperparameters: Hyperparameters, num_classes: int) -> Steps:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        freed_memory.keep()
    return Steps(hyperparameters, num_classes, device, num_pictures=_BATCH_SIZE)


def _speed(steps: Steps, number: int, side: int) -> NetworkSpeed:
    """The fastest of a few measurements, the last of which got the cores that it wanted.

    The programs that start with a search take cores for some seconds; what takes them all the time
    is learnt from the trials. A plan by a disturbed measurement has too small pictures.
    """
    found: list[NetworkSpeed] = []
    most_waited = _DISTURBED * torch.get_num_threads()
    started = now = time.perf_counter()
    while len(found) < _MOST_MEASUREMENTS and now - started < _DISTURBED_SECONDS:
        begun, waited = now, cores.seconds_waited()
        found.append(_measured(steps, number, side))
        now = time.perf_counter()
        if cores.seconds_waited() - waited < most_waited * (now - begun):
            break
    return min(found, key=lambda each: each.training(number, number))


def _measured(steps: Steps, number: int, side: int) -> NetworkSpeed:
    """Seconds for a picture and for a batch, by batches of a few and of so many.

    How a step is divided between its pictures and the batch itself is told by the processor time
    on a CPU, since what else the machine does prolongs one step and not another.

    Training on a picture takes at least twice as long as scoring it: forward and backward. So
    where the calls of the layers take longer than their work, as on a GPU, and both batches the
    same time, larger batches are not promised to cost nothing.
    """
    pixels = steps.pixels(number, side)
    work = time.process_time if steps.device.type == "cpu" else time.perf_counter
    few = _shortest(lambda: steps.train(pixels[:_FEW]), work)
    some = _shortest(lambda: steps.train(pixels), work)
    forward = _shortest(lambda: steps.score(pixels), work)
    of_picture = max((some.work - few.work) / (number - _FEW), 2 * forward.work / number)
    share = min(1.0, number * of_picture / some.work)
    return NetworkSpeed(
        side=side,
        forward_seconds=forward.seconds / number,
        step_seconds=share * some.seconds / number,
        batch_seconds=(1 - share) * some.seconds,
    )


def _peak_bytes(steps: Steps, number: int, side: int) -> int:
    """Peak memory of a training step on so many pictures."""
    measuring.reset_peak_memory(steps.device)
    steps.train(steps.pixels(number, side))
    return measuring.peak_memory_bytes(steps.device)


class _Taken(NamedTuple):
    """Least time of some calls, and least work by another clock."""

    seconds: float
    work: float


def _shortest(function: Callable[[], object], work: Callable[[], float]) -> _Taken:
    """The shortest of a few calls, after one that allocates memory.

    What else the machine does makes a call longer, never shorter; how busy it is, is learnt from
    the trials themselves.
    """

    def call() -> _Taken:
        before = _Taken(time.perf_counter(), work())
        function()
        return _Taken(time.perf_counter() - before.seconds, work() - before.work)

    first = call()
    if first.seconds > _SLOWEST_SECONDS:
        return first
    started = time.perf_counter()
    taken: list[_Taken] = []
    while len(taken) < _MAX_REPETITIONS and time.perf_counter() - started < _NETWORK_SECONDS:
        taken.append(call())
    seconds, works = zip(*taken, strict=True)
    return _Taken(min(seconds), min(works))
