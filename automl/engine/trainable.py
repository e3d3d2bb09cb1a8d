"""The class that Ray Tune runs in a worker process: it trains one trial after the other.

The engine's own process imports this module but trains nothing: torch, which takes seconds and
hundreds of megabytes, is imported in the workers alone.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune

from automl.dataset.pixels import PictureSizes, picture_sizes
from automl.engine import (
    failures,
    lost_gpus,
    patience,
    ranks_elsewhere,
    ray_internals,
    travelling,
)
from automl.engine.carried import Carried
from automl.engine.heartbeat import Heartbeat
from automl.engine.planning import PlannedTrial, trial_id_in
from automl.engine.travelling import Departing
from automl.errors import GpuFailedError, RankDiedError
from automl.evaluation.predictions import Predictions
from automl.experiments import store
from automl.experiments.records import Flag
from automl.host.cores import usable_cores
from automl.model.warm_start import EarlierModel
from automl.texts import mark
from automl.training import resume_state
from automl.training.early_stopping import EarlyStopping
from automl.training.resume_state import KeptState
from automl.training.trial_data import LabelledPictures, TrialData

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

    from automl.evaluation.soups import Ingredients
    from automl.training.devices import Elsewhere, OneDevice, SeveralDevices
    from automl.training.process_state import ProcessState
    from automl.training.standing import Standing

_POLL_SECONDS = 0.5
_COLLAPSED = mark(
    "The model gives every validation picture the same class: it has learned nothing of use. Lower "
    "learning_rate, train for longer, or use weighted_loss if one class is far larger."
)


@dataclass(frozen=True)
class Assignment:
    """Inputs that all workers of a search share."""

    data: dict[PictureSizes, TrialData]
    earlier: dict[str, EarlierModel]
    carried: Carried
    states: dict[str, KeptState]
    """States of the trials that an earlier engine has begun, by trial id."""

    num_threads: int
    num_devices: int
    """CPU threads, and GPUs that train a network together, on each machine of a trial."""

    primary_metric: str
    key: str
    """Prefix of the search's keys in Ray's key-value store: `KEY/TRIAL` or `KEY/all` tells a trial,
    or every one, to stop; `beat_key` is the trial's sign of life."""

    num_machines: int = 1
    """Machines that train a network together."""

    has_storage: bool = False
    """Checkpoints go to a storage of the job's, which may be away for a while."""

    carries_checkpoints: bool = False
    """Send checkpoints through Ray: the workers share no disk with the engine."""


def id_of(trial: "Trial") -> str:
    """Our id of one of Tune's trials."""
    return trial_id_in(trial.config["trial"])


def beat_key(key: str, trial_id: str) -> str:
    """Key in Ray's key-value store under which a worker sends signs of life."""
    return f"{key}/alive/{trial_id}"


class TrialTrainable(tune.Trainable):  # type: ignore[misc]
    """Trains trials in steps, and reports after each.

    The first step builds the model; every further one trains up to an evaluation and reports
    `evaluation`, or `cancelled` when the trial was asked to stop. Each reports the current
    `effective`, `notes` and `flags`. An exception is reported as `error`: Ray would end a worker
    whose step raises, and the next trial would wait for a new one. Only a failed GPU, or a process
    of several that has died, ends it.

    Ray saves a checkpoint after every evaluation; when the worker dies, another goes on from it.
    """

    def setup(self, config: Mapping[str, Any], *, assignment: Assignment) -> None:
        self._assignment = assignment
        self._training: OneDevice | SeveralDevices | None = None
        self._predictions: Predictions | None = None
        self._process_state: ProcessState | None = None
        self._begin(config)

    def reset_config(self, new_config: Mapping[str, Any]) -> bool:
        """Take on the next trial in this warm worker."""
        self.cleanup()
        self._begin(new_config)
        return True

    def _begin(self, config: Mapping[str, Any]) -> None:
        self._trial = PlannedTrial.from_text(config["trial"])
        self._kept = tempfile.TemporaryDirectory(prefix="automl-epochs-")
        key = beat_key(self._assignment.key, self._trial.trial_id)
        self._beat = partial(ray_internals.put, key)
        self._heartbeat = Heartbeat(self._beat)

    def step(self) -> dict[str, Any]:
        from automl.training.cancellation import CancelledError

        try:
            if self._training is None:
                self._build()
                state = self._assignment.states.get(self._trial.trial_id)
                if state is not None:
                    self._go_on_from(state)
                return {**self._said(self._standing()), "done": False}
            return self._advance(self._training)
        except CancelledError:
            return {"cancelled": True, "done": True}
        except (RankDiedError, GpuFailedError):  # ends the worker: another one goes on
            raise
        except Exception as error:  # only this trial has failed
            if failures.is_gpu_failed(error):  # ends the worker as well
                rank = self._training.failed_rank if self._training else 0
                raise lost_gpus.describe(error, rank) from error
            return {"error": failures.explain(error).model_dump(), "done": True}

    def save(self, checkpoint_dir: str | None = None) -> Any:
        """Keep the checkpoint on the disk that all share, or return it with its content."""
        with tempfile.TemporaryDirectory() as folder:
            if not self._assignment.carries_checkpoints:
                return self._patiently(partial(super().save, checkpoint_dir or folder))
            self.save_checkpoint(folder)
            return ray_internals.saved(Departing(Path(folder)), self._last_result)

    def restore(self, checkpoint_path: Any) -> None:
        """Go on from a checkpoint of `save`."""
        self._patiently(partial(super().restore, checkpoint_path))

    def _patiently(self, function: Callable[[], Any]) -> Any:
        seconds = patience.SECONDS if self._assignment.has_storage else 0.0
        return patience.patiently(function, seconds=seconds)

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        from automl.model import checkpoint
        from automl.training.trial_training import TrialTraining

        training, folder = self._training, Path(checkpoint_dir)
        assert training is not None
        if self._is_best and self._predictions is not None:
            training.ask(TrialTraining.save_scored_model, folder, self._predictions)
        for kept in list(self._kept_dir.iterdir()):
            place = folder / checkpoint.epoch_folder(int(kept.name))
            place.parent.mkdir(exist_ok=True)
            shutil.move(kept, place)
        ours = {"stopping": self._stopping.state(), "has_collapsed": self._has_collapsed}
        training.ask(TrialTraining.save_state, folder, ours)

    def load_checkpoint(self, checkpoint_dir: str) -> None:
        """Go on from the last checkpoint of a worker that died."""
        state = resume_state.find(Path(checkpoint_dir))
        assert state is not None
        self._build()
        self._go_on_from(state)
        travelling.remove_landed(Path(checkpoint_dir))

    @property
    def _kept_dir(self) -> Path:
        """Models of epochs that the next checkpoint takes, in folders with the epoch's number."""
        return Path(self._kept.name)

    def cleanup(self) -> None:
        """Leave the process as it was before the trial."""
        self._heartbeat.stop()
        self._kept.cleanup()
        if self._training is not None:
            self._training.close()
        self._training = self._predictions = None
        if self._process_state is not None:
            self._process_state.put_back()

    def _build(self) -> None:
        import torch

        from automl.training import standing
        from automl.training.devices import OneDevice, SeveralDevices
        from automl.training.process_state import ProcessState
        from automl.training.trial_training import Placement

        self._process_state = ProcessState.take()
        self._looked_at = 0.0
        hyperparameters = self._trial.hyperparameters.complete
        earlier = self._assignment.earlier.get(hyperparameters.checkpoint_run_id or "")
        sent = replace(self._assignment.data[picture_sizes(hyperparameters)], earlier=earlier)
        data = self._assignment.carried.here(sent, hyperparameters)
        has_gpu = torch.cuda.is_available()
        num_threads, num_devices = self._assignment.num_threads, self._assignment.num_devices
        has_several = max(num_devices, self._assignment.num_machines) > 1
        is_split = has_several and hyperparameters.method == "fine_tuning"
        self._machines = ranks_elsewhere.machines(with_others=is_split)
        if is_split:
            names = tuple(
                f"cuda:{index}" if has_gpu else "cpu" for index in range(max(1, num_devices))
            )
            self._training = SeveralDevices(
                hyperparameters,
                data,
                names,
                num_threads,
                self._is_cancelled,
                self._elsewhere(names, sent),
            )
        else:
            device = torch.device("cuda" if has_gpu else "cpu")
            placement = Placement(device, num_threads)
            self._training = OneDevice(hyperparameters, data, placement, self._is_cancelled)
        self._stopping = EarlyStopping(hyperparameters)
        self._has_collapsed = False
        self._latency_ms = self._training.ask(standing.latency_ms)

    def _elsewhere(self, devices: tuple[str, ...], data: TrialData) -> "Elsewhere | None":
        """The processes on other machines, if the trial spans several."""
        if self._assignment.num_machines == 1:
            return None
        return ranks_elsewhere.elsewhere(devices, data, self._assignment.carried, self._beat)

    def _go_on_from(self, state: KeptState) -> None:
        assert self._training is not None
        self._training.go_on_from(state)
        self._stopping.go_on_from(state.values["stopping"])
        self._has_collapsed = state.values["has_collapsed"]

    def _advance(self, training: "OneDevice | SeveralDevices") -> dict[str, Any]:
        evaluation, predictions = training.advance(self._keep)
        self._predictions, standing = predictions, self._standing()
        self._is_best = self._stopping.improved(evaluation.metrics[self._assignment.primary_metric])
        if self._is_best:
            # majority_class always answers with one class
            may_collapse = self._trial.hyperparameters.complete.method != "majority_class"
            self._has_collapsed = predictions.has_collapsed and may_collapse
        has_kept = any(self._kept_dir.iterdir())
        gives_up = self._stopping.is_exhausted and not standing.is_done
        is_over = gives_up or standing.is_done
        return {
            **self._said(standing),
            "evaluation": evaluation.model_dump(),
            "nodes": list(self._machines),
            "reason": self._stopping.reason if gives_up else "",
            "should_checkpoint": self._is_best or has_kept or not is_over,
            "done": is_over,
        }

    def _keep(self) -> None:
        """Put the model of the epoch aside if `checkpoint_frequency` asks for it.

        The next checkpoint takes it, which may be some epochs away.
        """
        from automl.training.trial_training import TrialTraining

        assert self._training is not None
        frequency = self._trial.hyperparameters.complete.checkpoint_frequency
        epoch = self._training.epoch
        if frequency and epoch % frequency == 0:
            self._training.ask(TrialTraining.save_model, self._kept_dir / str(epoch))

    def _standing(self) -> "Standing":
        from automl.training import standing

        assert self._training is not None
        return self._training.ask(standing.of)

    def _said(self, standing: "Standing") -> dict[str, Any]:
        recovery = standing.recovery
        flags = []
        if recovery.num_parts > 1 or recovery.num_validation_parts > 1:
            flags.append(Flag.RECOVERED)
        if recovery.restarted_at is not None:
            flags.append(Flag.RESTARTED)
        notes = [
            *self._trial.hyperparameters.notes(),
            *standing.notes,
        ]
        if self._has_collapsed:
            flags.append(Flag.COLLAPSED)
            notes.append(_COLLAPSED)
        _, *others = self._machines.values()
        return {
            "effective": {
                **standing.effective,
                **lost_gpus.present(),
                **({"other_machines": ", ".join(others)} if others else {}),
                "latency_ms": self._latency_ms,
            },
            "notes": notes,
            "flags": flags,
            "evidence": standing.evidence.model_dump(),
        }

    def _is_cancelled(self) -> bool:
        """Look into Ray's key-value store, twice a second rather than at every batch."""
        if time.monotonic() - self._looked_at < _POLL_SECONDS:
            return False
        self._looked_at = time.monotonic()
        key = self._assignment.key
        return any(ray_internals.exists(f"{key}/{name}") for name in ("all", self._trial.trial_id))


def export(experiment_dir: Path, trial_id: str) -> str:
    """Write `best_model/`, in a worker; returns why it cannot be written, or an empty text."""
    import torch

    from automl.errors import ExportError
    from automl.export import artefact
    from automl.export.request import ExportRequest

    torch.set_num_threads(usable_cores())  # the trials have ended
    target = store.best_model_dir(experiment_dir)
    try:
        request = ExportRequest(experiment_dir, trial_id, "onnx", target, replaces=True)
        artefact.export(request)
    except ExportError as error:
        return str(error)
    return ""


def hand_out(experiment_dir: Path, trial_id: str, folder: Path) -> str:
    """Write the model for MLflow where the job wants it, in a worker; returns like `export`."""
    from automl.errors import ExportError
    from automl.export import artefact
    from automl.export.request import ExportRequest

    # only a model that an earlier run of the job has left there is replaced
    is_model = (folder / "MLmodel").is_file()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        request = ExportRequest(experiment_dir, trial_id, "mlflow", folder, replaces=is_model)
        artefact.export(request)
    except (ExportError, OSError) as error:
        return str(error)
    return ""


def average(
    experiment_dir: Path,
    weights: Mapping[str, float],
    folder: Path,
    place: Callable[[Path, str], Path] = store.checkpoint_dir,
) -> int:
    """Write the model that averages those of some trials, in a worker.

    Args:
        experiment_dir: the experiment.
        weights: of the probabilities, by trial id; they sum to 1.
        folder: gets the checkpoint.
        place: returns the folder of a trial's model, such as `store.final_model_dir`.

    Returns:
        The number of its parameters.
    """
    from automl.model import checkpoint, network, several_networks

    loaded = [checkpoint.load(place(experiment_dir, name)) for name in weights]
    parts, descriptions = zip(*loaded, strict=True)
    shares = list(weights.values())
    averaged = several_networks.Averaged(
        parts,
        [each.validation_crop_size for each in descriptions],
        shares,
        has_label_sets=descriptions[0].has_label_sets,
    )
    # which trials are averaged was decided by the validation pictures
    description = several_networks.describe(descriptions, "averaged", shares).model_copy(
        update={"has_seen_all": True}
    )
    checkpoint.save(folder, several_networks.as_one(averaged), description)
    return network.count_parameters(averaged)["num_parameters"]


def average_weights(folders: Sequence[Path], folder: Path) -> int:
    """Write the model with the mean of the weights of some checkpoints, in a worker.

    Returns:
        The number of its parameters.
    """
    from automl.model import checkpoint, network
    from automl.training import soup

    averaged, description = soup.average(folders)
    checkpoint.save(folder, averaged, description)
    return network.count_parameters(averaged)["num_parameters"]


def answers_of_averages(
    folders: Mapping[str, Path], pictures: LabelledPictures, num_threads: int
) -> "Mapping[Ingredients, Predictions]":
    """Answers of all averages of the weights of some checkpoints, in a worker."""
    import torch

    from automl.training import soup
    from automl.training.process_state import ProcessState

    state = ProcessState.take()
    torch.set_num_threads(num_threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return soup.answers(folders, pictures, device)
    finally:
        state.put_back()
