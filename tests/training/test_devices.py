"""A trial on several devices is that on one: two processes on the CPU, which meet over gloo."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from automl.errors import RankDiedError
from automl.jobs.compatibility import resolve
from automl.model import blocks
from automl.training import resume_state, standing
from automl.training.cancellation import CancelledError
from automl.training.devices import OneDevice, SeveralDevices
from automl.training.ranks import Ranks
from automl.training.trial_data import TrialData
from automl.training.trial_training import TrialTraining
from tests.small_training import TINY
from tests.training.test_trial_training import CPU

EVERYTHING = {
    **TINY,
    "model_name": "test_convnext",  # layer norms: torch synchronises batch norms on a GPU alone
    "training_batch_size": 8,
    "gradient_accumulation_step": 2,
    "weighted_loss": 2,
    "label_smoothing": 0.1,
    "mixup": 0.4,
    "cutmix": 1.0,
    "model_ema": True,
    "precision": "fp32",
    "checkpoint_frequency": 1,
}


def head(training: TrialTraining) -> Tensor:
    return training.learner.network.state_dict()["network.head.fc.weight"].clone()


def epochs(training: OneDevice | SeveralDevices, number: int) -> list[tuple[float, float]]:
    """Loss of training and validation, after each of so many evaluations."""
    found = (training.advance(lambda: None)[0] for _ in range(number))
    return [(evaluation.train_loss, evaluation.valid_loss) for evaluation in found]


def only_fits_two_in_the_second_process(training: TrialTraining) -> None:
    def refuse(_: nn.Module, inputs: tuple[Tensor]) -> None:
        if len(inputs[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    if training.placement.ranks.rank == 1:
        training.learner.network.register_forward_pre_hook(refuse)


def die(_: TrialTraining) -> None:
    os._exit(3)


@pytest.fixture
def two(tiny_data: TrialData) -> Iterator[SeveralDevices]:
    training = SeveralDevices(resolve(EVERYTHING), tiny_data, ["cpu", "cpu"], num_threads=2)
    yield training
    training.close()


def test_two_processes_train_like_one(
    two: SeveralDevices, tiny_data: TrialData, tmp_path: Path
) -> None:
    one = OneDevice(resolve(EVERYTHING), tiny_data, CPU)
    assert epochs(two, 1) == [pytest.approx(each, rel=1e-4) for each in epochs(one, 1)]
    two.ask(TrialTraining.save_state, tmp_path)
    expected = epochs(one, 2)
    assert epochs(two, 2) == [pytest.approx(each, rel=1e-3) for each in expected]
    assert torch.allclose(two.ask(head), one.ask(head), atol=1e-4)
    found, alone = two.ask(standing.of), one.ask(standing.of)
    for key in ("training_batch_size", "updates_per_epoch", "num_train_images"):
        assert found.effective[key] == alone.effective[key]
    assert (found.effective["device"], found.effective["micro_batch_size"]) == ("2 x cpu", 4)
    assert found.is_done

    # from the state after the first epoch, with a memory that is too small on one device
    state = resume_state.find(tmp_path)
    assert state is not None
    two.go_on_from(state)
    two.ask_all(only_fits_two_in_the_second_process)
    seen: list[int] = []
    losses = [two.advance(lambda: seen.append(two.epoch))[0] for _ in range(2)]
    assert seen == [2, 3]
    assert [loss.valid_loss for loss in losses] == pytest.approx(
        [valid for _, valid in expected], rel=1e-3
    )
    assert two.ask(standing.of).recovery.num_parts == 2


def test_cancelling_ends_all_processes_at_their_start_and_in_the_middle_of_an_epoch(
    tiny_data: TrialData,
) -> None:
    asked = resolve({**EVERYTHING, "number_of_epochs": 1000, "evaluation_frequency": 1000})
    with pytest.raises(CancelledError):
        SeveralDevices(asked, tiny_data, ["cpu"], num_threads=1, is_cancelled=lambda: True)
    is_over = threading.Event()
    training = SeveralDevices(asked, tiny_data, ["cpu"], num_threads=1, is_cancelled=is_over.is_set)
    started = time.monotonic()
    with pytest.raises(CancelledError):
        training.advance(is_over.set)  # after the first epoch
    assert time.monotonic() - started < 60
    training.close()


def test_a_process_that_dies_is_told_from_an_error_of_the_trial(tiny_data: TrialData) -> None:
    training = SeveralDevices(resolve(EVERYTHING), tiny_data, ["cpu"], num_threads=1)
    with pytest.raises(RankDiedError, match="trained on cpu ended with code 3"):
        training.ask_all(die)
    training._start(None)
    (process,) = training._processes
    process.kill()
    process.join()
    with pytest.raises(RankDiedError, match="trained on cpu ended with code -9"):
        training.ask_all(die)  # it cannot even be asked
    training.close()


def test_an_error_in_a_process_is_raised_with_its_traceback() -> None:
    with pytest.raises(AttributeError) as raised:
        SeveralDevices(resolve(EVERYTHING), "no data", ["cpu"], num_threads=1)  # type: ignore[arg-type]
    assert "rank_process.py" in raised.value.__notes__[0]


@pytest.mark.parametrize("with_neighbour", [False, True])
def test_the_parts_of_a_batch_are_the_batch(with_neighbour: bool) -> None:
    parts = [Ranks(rank, 3).part(12, with_neighbour=with_neighbour) for rank in range(3)]
    ours = [part[int(with_neighbour) :].tolist() for part in parts]
    assert ours == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    if with_neighbour:
        assert [part[0].item() for part in parts] == [11, 3, 7]


def test_synchronised_batch_norms_are_those_of_the_network(monkeypatch: Any) -> None:
    import timm

    network = timm.create_model("test_resnet", num_classes=3).eval()
    pixels = torch.rand(2, 3, 32, 32)
    before, names = network(pixels), list(network.state_dict())
    monkeypatch.setattr(torch.nn.Parameter, "is_cuda", True)  # as torch asks for
    Ranks(0, 2).synchronised(network)
    norms = [module for module in network.modules() if isinstance(module, blocks.BATCH_NORMS)]
    assert norms
    assert all(isinstance(norm, nn.SyncBatchNorm) for norm in norms)
    assert list(network.state_dict()) == names
    assert torch.equal(network(pixels), before)
