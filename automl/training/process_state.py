"""What a trial changes in its process, and how to put it back for the next one."""

import gc
import os
import sys
from dataclasses import dataclass
from typing import Any, Self

import torch

from automl.jobs.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class ProcessState:
    """Threads, random state and switches of torch as they were found."""

    num_threads: int
    random_state: torch.Tensor
    cuda_random_states: list[torch.Tensor]
    is_deterministic: bool
    has_benchmark: bool
    environment: dict[str, str | None]

    @classmethod
    def take(cls) -> Self:
        return cls(
            num_threads=torch.get_num_threads(),
            random_state=torch.get_rng_state(),
            cuda_random_states=torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            is_deterministic=torch.are_deterministic_algorithms_enabled(),
            has_benchmark=torch.backends.cudnn.benchmark,
            environment={_WORKSPACE: os.environ.get(_WORKSPACE)},
        )

    def put_back(self) -> None:
        """After a trial that nothing refers to any more."""
        if "torch._dynamo" in sys.modules:  # some compiled models, and it compiles no more
            torch.compiler.reset()
        gc.collect()  # its model and what refers to it in circles
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        torch.set_num_threads(self.num_threads)
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
    """Threads, seed and switches of one trial."""
    torch.set_num_threads(num_threads)
    torch.manual_seed(hyperparameters.random_seed)
    if hyperparameters.deterministic:
        os.environ[_WORKSPACE] = ":4096:8"  # cuBLAS asks for it
        torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = not hyperparameters.deterministic


_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


def in_effect() -> dict[str, Any]:
    """The switches as they are now."""
    return {
        "num_threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }
