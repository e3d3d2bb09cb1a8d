"""A trial survives what can be survived, and says so."""

from pathlib import Path
from typing import Any

import pytest
import torch

from automl.errors import DivergedError, OutOfMemoryError
from automl.jobs.compatibility import resolve
from automl.training import effective, resume_state
from automl.training.process_state import ProcessState
from automl.training.recovery import Recovery
from automl.training.trial_data import TrialData
from automl.training.trial_training import TrialTraining
from tests.small_training import TINY
from tests.training.test_trial_training import CPU, run, train

EVERYTHING = {
    "model_ema": True,
    "mixup": 0.2,
    "cutmix": 1.0,
    "drop_path_rate": 0.1,
    "gradient_accumulation_step": 2,
    "warmup_cosine_lr_warmup_epochs": 1,
    "number_of_epochs": 4,
}


def only_fits(training: TrialTraining, num_pictures: int) -> list[int]:
    """Let the model run out of memory above so many pictures; returns the sizes it was given."""
    sizes: list[int] = []

    def refuse(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
        sizes.append(len(inputs[0]))
        if len(inputs[0]) > num_pictures:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    training.learner.network.register_forward_pre_hook(refuse)
    return sizes


def is_no_number(training: TrialTraining, calls: set[int]) -> None:
    """Make the loss NaN in those of its calls, counted from 0."""
    count = iter(range(10_000))

    def spoil(*args: Any) -> torch.Tensor | None:
        return args[-1] * torch.nan if next(count) in calls else None

    training.learner.task.loss.register_forward_hook(spoil)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_trial_goes_on_from_its_state_as_if_nothing_had_happened(
    tiny_data: TrialData, tmp_path: Path, optimizer: str
) -> None:
    undisturbed = run(train(tiny_data, **EVERYTHING, optimizer=optimizer))
    first = train(tiny_data, **EVERYTHING, optimizer=optimizer)
    losses = [first.advance()[0].valid_loss for _ in range(2)]
    state = first.state()
    resume_state.save(tmp_path, state.tensors, state.values)
    torch.manual_seed(99)  # what happens in the other process before
    second = train(tiny_data, **EVERYTHING, optimizer=optimizer)
    kept = resume_state.find(tmp_path)
    assert kept is not None
    second.go_on_from(kept)
    assert losses + run(second) == undisturbed
    for name, weights in first.learner.network.state_dict().items():
        assert second.learner.network.state_dict()[name].stride() == weights.stride()


def test_a_full_memory_repeats_the_epoch_in_parts(tiny_data: TrialData) -> None:
    training = train(tiny_data, training_batch_size=16, number_of_epochs=2)
    sizes = only_fits(training, 4)
    assert len(run(training)) == 2
    assert sizes[:3] == [16, 8, 4]
    assert training.recovery.num_parts == 4
    assert training.learner.schedule.last_epoch == 6  # as many updates as without
    assert effective.notes(training)[-1] == (
        "Recovered: the memory was full, so batches of 16 are computed 4 pictures at a time; its "
        "batch norms use the statistics of 4 pictures instead of 16, so the update is not quite "
        "that of the whole batch."
    )
    found = effective.read_back(training)
    assert (found["training_batch_size"], found["micro_batch_size"]) == (16, 4)


def test_without_batch_norms_the_update_of_parts_is_that_of_the_batch(tiny_data: TrialData) -> None:
    training = train(tiny_data, layers_to_freeze=5)  # frozen batch norms keep their statistics
    training.recovery = Recovery(num_parts=4)
    assert effective.notes(training)[-1].endswith("; the update is that of the whole batch.")


def test_a_trial_fails_when_not_even_one_picture_fits(tiny_data: TrialData) -> None:
    training = train(tiny_data)
    only_fits(training, 0)
    with pytest.raises(OutOfMemoryError, match="Not even one picture of 32 px fits"):
        training.advance()


def test_an_evaluation_that_does_not_fit_is_done_in_parts(tiny_data: TrialData) -> None:
    whole = train(tiny_data).predict()
    training = train(tiny_data)
    only_fits(training, 5)
    assert training.predict().probabilities == pytest.approx(whole.probabilities, abs=1e-5)
    assert training.recovery.num_validation_parts == 4


def test_another_error_is_not_taken_for_a_full_memory(tiny_data: TrialData) -> None:
    training = train(tiny_data)
    training.learner.network.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        training.advance()


def test_a_loss_that_is_no_number_restarts_once_at_a_tenth_of_the_rate(
    tiny_data: TrialData,
) -> None:
    training = train(tiny_data, learning_rate_scheduler="none", number_of_epochs=3)
    is_no_number(training, {4})  # in the second epoch of three batches
    losses = run(training)
    assert len(losses) == 3
    assert training.learner.optimizer.param_groups[0]["lr"] == pytest.approx(
        TINY["learning_rate"] / 10
    )
    assert training.recovery.restarted_at == 1
    assert "training restarted from epoch 1 at a tenth" in effective.notes(training)[-1]


def test_a_second_loss_that_is_no_number_ends_the_trial(tiny_data: TrialData) -> None:
    training = train(tiny_data)
    is_no_number(training, {1, 5})
    with pytest.raises(DivergedError, match="in epoch 1, and again.*Lower learning_rate"):
        training.advance()


def test_a_weight_that_is_no_number_counts_as_well(tiny_data: TrialData) -> None:
    training = train(tiny_data)
    with torch.no_grad():
        training.built.network.get_parameter("fc.weight")[0] = torch.inf
    training.advance()
    assert training.recovery.restarted_at == 0


def test_a_trial_leaves_its_process_as_it_found_it(tiny_data: TrialData) -> None:
    found = ProcessState.take()
    is_grad_on, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    TrialTraining(resolve({**TINY, "deterministic": True}), tiny_data, CPU).advance()
    assert torch.are_deterministic_algorithms_enabled()
    found.put_back()
    after = ProcessState.take()
    assert torch.equal(after.random_state, found.random_state)
    assert (after.num_threads, after.is_deterministic, after.has_benchmark, after.environment) == (
        found.num_threads,
        found.is_deterministic,
        found.has_benchmark,
        found.environment,
    )
    assert (torch.is_grad_enabled(), torch.get_default_dtype()) == (is_grad_on, dtype)
    assert not torch.nn.modules.module._global_forward_hooks
