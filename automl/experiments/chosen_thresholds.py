"""Thresholds of a model with label sets: those that somebody chose, or else those for F1.

They are kept in `thresholds.json` in the experiment's directory, by trial; exports take them from
there, and the exported best model is told of a choice at once.
"""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from automl.errors import UserError
from automl.evaluation import thresholds
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.frozen_model import FrozenModel
from automl.host import atomic
from automl.jobs.tasks import TASKS

BY_HAND = "by hand"


class Choice(FrozenModel):
    """Thresholds of one trial's model."""

    aim: str
    """As `Aim.parse` reads it, or `BY_HAND`."""

    by_label: dict[str, Annotated[float, Field(ge=0, le=1)]]

    def over(self, names: Sequence[str], before: Sequence[float]) -> list[float]:
        """Threshold of each label: the chosen one, or else that of before."""
        return [self.by_label.get(name, each) for name, each in zip(names, before, strict=True)]


class _Choices(FrozenModel):
    by_trial: dict[str, Choice] = {}


def path(experiment_dir: Path) -> Path:
    """The file of the choices, which may not exist."""
    return experiment_dir / "thresholds.json"


def load(experiment_dir: Path, trial_id: str) -> Choice | None:
    """Choice for the trial's model; None if there is none.

    Raises:
        UserError: the file is damaged, and other thresholds must not be taken for those chosen.
    """
    return _load(experiment_dir).by_trial.get(trial_id)


def in_use(
    experiment_dir: Path, trial_id: str, predictions: Predictions, class_names: Sequence[str]
) -> NDArray[np.float64]:
    """(K,) thresholds of the trial's model: as chosen, or else for F1.

    Args:
        experiment_dir: the experiment.
        trial_id: the trial.
        predictions: of the trial, for pictures that it has not seen.
        class_names: the K labels.
    """
    by_label = thresholds.by_label(predictions.probabilities, predictions.labels).round(4)
    chosen = load(experiment_dir, trial_id)
    return by_label if chosen is None else np.array(chosen.over(class_names, by_label.tolist()))


def choose(experiment_dir: Path, trial_id: str, choice: Choice) -> None:
    """Keep thresholds for a trial's model, and give them to the exported best model if it is its.

    Raises:
        UserError: pictures have one label each, the experiment has not ended, was imported, or
            another command writes to it; or a file of the choices or of the model is damaged.
    """
    check(experiment_dir)
    with store.writing(experiment_dir):
        kept = _Choices(by_trial={**_load(experiment_dir).by_trial, trial_id: choice})
        model_dir = store.best_model_dir(experiment_dir)
        settings = _settings_with(choice, model_dir, trial_id)
        atomic.write_text(path(experiment_dir), kept.model_dump_json(indent=1))
        if settings:
            atomic.write_text(model_dir / "settings.json", settings)


def forget(experiment_dir: Path, trial_id: str) -> None:
    """Drop the choice for a trial that is removed; the caller holds the experiment's lock."""
    with contextlib.suppress(UserError):  # a damaged file is said where the choices are needed
        others = {**_load(experiment_dir).by_trial}
        if others.pop(trial_id, None) is not None:
            kept = _Choices(by_trial=others)
            atomic.write_text(path(experiment_dir), kept.model_dump_json(indent=1))


def check(experiment_dir: Path) -> None:
    """Refuse an experiment whose thresholds cannot be chosen; see `choose`."""
    job, name = store.load_job(experiment_dir), experiment_dir.name
    if not TASKS[job.task].has_label_sets:
        raise UserError(
            f"The task of {name} is {job.task}, where every picture has one label: the most "
            "probable one is the answer, and there are no thresholds."
        )
    if not store.load_experiment(experiment_dir).state.is_finished:
        raise UserError(f"{name} has not ended. Choose thresholds when it has.")
    if store.is_imported(experiment_dir):
        raise UserError(
            f"{name} was imported and can only be read. Choose thresholds where it ran."
        )


def _load(experiment_dir: Path) -> _Choices:
    file = path(experiment_dir)
    try:
        return _Choices.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return _Choices()
    except (OSError, ValidationError) as error:
        raise UserError(store.unreadable(error, file)) from None


def _settings_with(choice: Choice, model_dir: Path, trial_id: str) -> str:
    """Settings of the exported best model with the thresholds; empty if it is of another trial."""
    file = model_dir / "settings.json"
    try:
        settings: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if settings.get("trial_id") != trial_id:
            return ""
        names: list[str] = json.loads((model_dir / "labels.json").read_text("utf-8"))
        thresholds_of_all = choice.over(names, settings["thresholds"])
    except FileNotFoundError:  # no model was exported
        return ""
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        problem = error if isinstance(error, OSError | ValueError) else ValueError(str(error))
        raise UserError(store.unreadable(problem, file)) from None
    return json.dumps({**settings, "thresholds": thresholds_of_all}, indent=1)
