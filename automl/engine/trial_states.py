"""Storage of the states from which unfinished trials go on."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from automl.experiments import store
from automl.training import resume_state
from automl.training.resume_state import KeptState


class TrialStates(Protocol):
    """A place for the last state of every unfinished trial."""

    def keep(self, trial_id: str, checkpoint: Path) -> Mapping[str, Path]:
        """Keep the state in a folder that a worker has saved.

        Returns the files that the journal must take over together with the trial's record, by their
        path in the trial's folder. A place outside the experiment's directory returns none: it has
        the new state before the record names its epoch, and must keep the previous one until then.
        """

    def find(self, trial_id: str, epoch: int) -> KeptState | None:
        """State after this epoch; None if it is missing or incomplete."""

    def forget(self, trial_id: str) -> None:
        """Delete the state, if there is one."""


class LocalStates:
    """States as files in the folder of their trial."""

    def __init__(self, experiment_dir: Path) -> None:
        self._experiment_dir = experiment_dir

    def keep(self, trial_id: str, checkpoint: Path) -> Mapping[str, Path]:
        """Files that the journal puts into the trial's folder."""
        return {f"state/{name}": checkpoint / name for name in resume_state.NAMES}

    def find(self, trial_id: str, epoch: int) -> KeptState | None:
        """State after this epoch; None if it is missing or incomplete."""
        state = resume_state.find(store.state_dir(self._experiment_dir, trial_id))
        return state if state is not None and state.epoch == epoch else None

    def forget(self, trial_id: str) -> None:
        """Delete the state, if there is one."""
        folder = store.state_dir(self._experiment_dir, trial_id)
        if folder.exists():
            shutil.rmtree(folder)
