"""A trial that reports evaluations as others do, at once and with nothing behind them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from automl.engine.trainable import TrialTrainable
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import Evaluation, now
from automl.training import resume_state

NUM_REPORTS = 5
_STATE: dict[str, Any] = {
    "effective": {"number_of_epochs": NUM_REPORTS},
    "notes": [],
    "flags": [],
    "evidence": {"num_pictures": 1},
}


class Untrained(TrialTrainable):
    """Its first evaluation is its best; there is a state to go on from after each."""

    def step(self) -> dict[str, Any]:
        if self._training is None:
            self._training = 0  # type: ignore[assignment]
            return {**_STATE, "done": False}
        self._training += 1  # type: ignore[operator]
        epoch: int = self._training  # type: ignore[assignment]
        evaluation = Evaluation(
            epoch=epoch,
            metrics={"accuracy": 0.5},
            train_loss=1,
            valid_loss=1,
            learning_rate=0.1,
            train_seconds=0,
            evaluation_seconds=0,
            images_per_second=0,
            finished_at=now(),
        )
        return {
            **_STATE,
            "evaluation": evaluation.model_dump(),
            "reason": "",
            "should_checkpoint": epoch < NUM_REPORTS,
            "done": epoch == NUM_REPORTS,
        }

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        save_file({"nothing": np.zeros(1)}, Path(checkpoint_dir, resume_state.TENSORS))
        values = json.dumps({"epoch": self._training})
        Path(checkpoint_dir, resume_state.VALUES).write_text(values)
        if self._training != 1:
            return
        for name in ("model.safetensors", "model.json"):
            Path(checkpoint_dir, name).write_text("")
        labels = np.arange(60) % 10
        answers = np.eye(10, dtype=np.float32)[labels]
        predictions = Predictions(np.arange(60), labels, answers)
        store.save_predictions(Path(checkpoint_dir, "predictions.parquet"), predictions)

    def load_checkpoint(self, checkpoint_dir: str) -> None:
        state = resume_state.find(Path(checkpoint_dir))
        assert state is not None
        self._training = state.epoch  # type: ignore[assignment]

    def cleanup(self) -> None:
        self._training = None
