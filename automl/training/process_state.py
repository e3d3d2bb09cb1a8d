"""The state of the process that a trial changes: threads, random state, switches, the compiler."""

import gc
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from automl.errors import ExperimentError
from automl.host import cores, freed_memory
from automl.jobs.hyperparameters import Hyperparameters

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_LONG_TRAINING = 1_000_000
"""Training pictures times epochs from which compiling saves more time on a GPU than it takes."""

_log = logging.getLogger(__name__)


@dataclass
class _Compiler:
    """was_used: a model was compiled since the compiler was last reset."""

    was_used: bool = False


_COMPILER = _Compiler()


@dataclass(frozen=True)
class ProcessState:
    """Threads, random state and switches of torch before a trial."""

    num_threads: int
    random_state: Tensor
    cuda_random_states: list[Tensor]
    is_deterministic: bool
    has_benchmark: bool
    environment: dict[str, str | None]

    @classmethod
    def take(cls) -> Self:
        """Read the present state."""
        return cls(
            num_threads=torch.get_num_threads(),
            random_state=torch.get_rng_state(),
            cuda_random_states=torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            is_deterministic=torch.are_deterministic_algorithms_enabled(),
            has_benchmark=torch.backends.cudnn.benchmark,
            environment={_WORKSPACE: os.environ.get(_WORKSPACE)},
        )

    def put_back(self) -> None:
        """Restore the state, after the last reference to the trial is gone."""
        if _COMPILER.was_used:  # after several models Dynamo reaches its limit and compiles no more
            torch.compiler.reset()
            _COMPILER.was_used = False
        gc.collect()  # the model is part of reference cycles
        freed_memory.give_back()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        torch.set_num_threads(self.num_threads)
        cores.limit_matrix_threads(self.num_threads)
        torch.set_rng_state(self.random_state)
        if self.cuda_random_states:
            torch.cuda.set_rng_state_all(self.cuda_random_states)
        torch.use_deterministic_algorithms(self.is_deterministic)
        torch.backends.cudnn.benchmark = self.has_benchmark
        for name, value in self.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def prepare(hyperparameters: Hyperparameters, *, num_threads: int) -> None:
    """Set threads, seed and switches for a trial."""
    torch.set_num_threads(num_threads)
    cores.limit_matrix_threads(num_threads)
    if not torch.cuda.is_available():
        freed_memory.keep()
    torch.manual_seed(hyperparameters.random_seed)
    if hyperparameters.deterministic:
        os.environ[_WORKSPACE] = ":4096:8"  # required by cuBLAS
        torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = not hyperparameters.deterministic


def in_effect() -> dict[str, Any]:
    """The present switches."""
    return {
        "num_threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def compiled(
    network: nn.Module, hyperparameters: Hyperparameters, sample: Tensor, *, num_images: int
) -> Callable[[Tensor], Tensor]:
    """The network compiled for speed, or the network itself if `compile` says so.

    Args:
        network: on its device.
        hyperparameters: `compile: auto` compiles on a GPU if the training is long.
        sample: one batch of pixels to try the compiled network with.
        num_images: number of training pictures.

    Raises:
        ExperimentError: `compile` is on, and the network cannot be compiled here.
    """
    is_long = num_images * hyperparameters.number_of_epochs >= _LONG_TRAINING
    is_worth_it = sample.device.type == "cuda" and is_long
    if hyperparameters.compile == "off" or (hyperparameters.compile == "auto" and not is_worth_it):
        return network
    _COMPILER.was_used = True
    forward: Callable[[Tensor], Tensor] = torch.compile(network)
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            forward(sample)
    except Exception as error:  # the compiler raises anything; the network works without it
        if hyperparameters.compile == "on":
            raise ExperimentError(
                f"compile is on, but the model cannot be compiled here ({type(error).__name__}: "
                f"{str(error).splitlines()[0]}). Set compile: off."
            ) from error
        _log.warning("the model cannot be compiled: %s", error)
        return network
    finally:
        network.train(was_training)
    return forward
