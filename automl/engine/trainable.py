"""What Ray calls: one object in a worker process that trains one trial after the other.

The engine's own process imports this module too, but never calls into it: torch, which takes
seconds and hundreds of megabytes, is imported by the workers alone.
"""

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.experimental import internal_kv

from automl.engine.early_stopping import EarlyStopping
from automl.engine.planning import PlannedTrial
from automl.engine.trial_data import Sizes, TrialData, sizes
from automl.records import TrialError

if TYPE_CHECKING:
    from automl.engine.training import TrialTraining

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Assignment:
    """What every worker of the search knows: the data, and its share of the machine."""

    data: dict[Sizes, TrialData]
    num_threads: int
    primary_metric: str
    cancel_key: str
    """Prefix of the keys in Ray's key-value store that tell a trial, or all, to stop."""


class TrialTrainable(tune.Trainable):  # type: ignore[misc]
    """A worker's end of the search.

    The first step builds the model and reports `effective` and `notes`; every further one trains
    up to an evaluation and reports `evaluation`, or `cancelled` when the trial was asked to stop.
    What goes wrong is reported as `error`: Ray would end a worker whose step raises, and the next
    trial would wait for a new one.
    """

    def setup(self, config: Mapping[str, Any], *, assignment: Assignment) -> None:
        self._assignment = assignment
        self._training: TrialTraining | None = None
        self._trial = _trial(config)

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        """Take on the next trial in this warm worker."""
        self.cleanup()
        self._trial = _trial(new_config)
        return True

    def step(self) -> dict[str, Any]:
        try:
            return self._build() if self._training is None else self._advance(self._training)
        except Exception as error:  # noqa: BLE001 (whatever it is, only this trial has failed)
            details = TrialError(cause=_cause(error), traceback=traceback.format_exc())
            return {"error": details.model_dump(), "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        from automl.engine import checkpoint

        assert self._training is not None
        checkpoint.save(Path(checkpoint_dir), self._training, self._predictions)

    def cleanup(self) -> None:
        import torch

        self._training = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _build(self) -> dict[str, Any]:
        import torch

        from automl.engine.training import Placement, TrialTraining

        hyperparameters = self._trial.hyperparameters
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        placement = Placement(device, self._assignment.num_threads)
        data = self._assignment.data[sizes(hyperparameters)]
        training = TrialTraining(hyperparameters, data, placement)
        self._stopping = EarlyStopping(hyperparameters)
        self._asked_at = 0.0
        self._training = training
        # what was not read back from a live object is the resolved value
        effective = {**hyperparameters.model_dump(), **training.effective()}
        return {"effective": effective, "notes": training.built.notes, "done": False}

    def _advance(self, training: "TrialTraining") -> dict[str, Any]:
        from automl.engine.training import CancelledError

        try:
            evaluation, self._predictions = training.advance(self._is_cancelled)
        except CancelledError:
            return {"cancelled": True, "done": True}
        is_best = self._stopping.improved(evaluation.metrics[self._assignment.primary_metric])
        gives_up = self._stopping.is_exhausted and not training.is_done
        return {
            "evaluation": evaluation.model_dump(),
            "reason": self._stopping.reason if gives_up else "",
            "should_checkpoint": is_best,
            "done": gives_up or training.is_done,
        }

    def _is_cancelled(self) -> bool:
        """Ask Ray's key-value store, which reaches every machine, but not at every batch."""
        if time.monotonic() - self._asked_at < _POLL_SECONDS:
            return False
        self._asked_at = time.monotonic()
        key = self._assignment.cancel_key
        return any(
            internal_kv._internal_kv_exists(f"{key}/{name}")
            for name in ("all", self._trial.trial_id)
        )


def _trial(config: Mapping[str, Any]) -> PlannedTrial:
    return PlannedTrial(config["trial"]["number"], config["trial"]["asked"])


def _cause(error: Exception) -> str:
    """One sentence for the user; our own errors are sentences already."""
    kind = type(error)
    return str(error) if kind.__module__.startswith("automl.") else f"{kind.__name__}: {error}"


def export(checkpoint_dir: Path, target: Path, trial_id: str) -> None:
    """`automl.export.onnx.export`, for a worker to run."""
    from automl.export import onnx

    onnx.export(checkpoint_dir, target, trial_id)
