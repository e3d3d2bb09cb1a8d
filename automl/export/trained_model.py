"""A trial's own model with its records, from which every export is made."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from automl.dataset import dicom, picture_location, pixels
from automl.dataset.preprocessing import load_preprocessed, model_input
from automl.errors import ExportError, UserError
from automl.evaluation import answer_sets, picture_groups
from automl.evaluation.predictions import Predictions
from automl.experiments import chosen_thresholds, groups, store
from automl.experiments.records import TrialRecord, singles
from automl.export import reference
from automl.export.reference import Reference
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import checkpoint, familiarity, known_features, weights_folder
from automl.model.description import ModelDescription
from automl.model.network import Normalised, probabilities_of
from automl.texts import mark

Answers = Callable[[Path], NDArray[np.float32]]
"""A function from a picture file to the probabilities (K,), in the order of the labels."""


@dataclass(frozen=True)
class TrainedModel:
    """The model of a trial's best evaluation, or the refitted one, on the CPU."""

    experiment_dir: Path
    trial: TrialRecord
    network: Normalised
    description: ModelDescription

    @classmethod
    def load(cls, experiment_dir: Path, trial_id: str) -> Self:
        """Load the model.

        Raises:
            ExportError: the experiment has no such trial or no model of it, or the model is
                damaged.
        """
        trials = {each.trial_id: each for each in store.readable_trials(experiment_dir)[0]}
        path = store.trial_path(experiment_dir, trial_id)
        if trial_id not in trials and path in store.trial_paths(experiment_dir):
            store.load_trial(path)  # says that it is damaged
        scored = [name for name, trial in trials.items() if trial.best_epoch is not None]
        if trial_id not in scored:
            known = (
                mark(f"Choose from {', '.join(scored[:10])}.")
                if scored
                else mark("No trial has one yet.")
            )
            raise ExportError(f"{trial_id} has no model in {experiment_dir.name}. {known}")
        folder = store.final_model_dir(experiment_dir, trial_id)
        if not (folder / "model.json").is_file():
            raise ExportError(
                f"The weights of {trial_id} are not in {experiment_dir}: a shared experiment has "
                "those of its best trial alone. Export it where it ran."
            )
        try:
            network, description = checkpoint.load(folder)
        except UserError as error:
            raise ExportError(str(error)) from error
        return cls(experiment_dir, trials[trial_id], network, description)

    @cached_property
    def hyperparameters(self) -> Hyperparameters:
        """Those that the model was trained with."""
        asked = resolve(self.trial.hyperparameters)
        if self.trial.refitted_on:  # for the epochs that the trial came to, see `refitting.refit`
            return asked.model_copy(update={"number_of_epochs": self.description.epoch})
        return asked

    @cached_property
    def recorded(self) -> Predictions:
        """The trial's answers for the pictures of its evidence, recorded when it was scored."""
        return store.load_predictions(
            store.predictions_path(self.experiment_dir, self.trial.trial_id)
        )

    @cached_property
    def thresholds(self) -> NDArray[np.floating] | None:
        """(K,) probabilities from which an export answers with a label; None for one class."""
        if not self.description.has_label_sets:
            return None
        names = self.description.class_names
        return chosen_thresholds.in_use(
            self.experiment_dir, self.trial.trial_id, self.recorded, names
        )

    @cached_property
    def is_frozen(self) -> bool:
        """True if no network of the model was trained on the pictures."""
        folder = self.experiment_dir
        parts = singles(self.trial, lambda name: store.load_trial(store.trial_path(folder, name)))
        return all(part.method != "fine_tuning" for part in parts)

    @cached_property
    def reference(self) -> Reference | None:
        """Reference for pictures unlike the training pictures; None if too few can be read."""
        folder, trial = self.experiment_dir, self.trial
        if not store.samples_path(folder).is_file():
            return None
        number = reference.affordable(self.network, self.description.validation_crop_size)
        is_frozen = self.is_frozen
        before = store.checkpoint_dir(folder, trial.trial_id)

        def measured() -> Reference | None:
            samples = store.load_samples(folder)
            known = self._known_directions if is_frozen else lambda _: None
            pictures = reference.Pictures.read(samples, self.preprocessed, number, known)
            if not trial.refitted_on:
                return reference.measure(pictures, self.network, is_frozen=is_frozen)
            network, _ = checkpoint.load(before)
            return reference.refitted(pictures, network, self.network, is_frozen=is_frozen)

        models = [store.final_model_dir(folder, trial.trial_id)]
        models += [before] if trial.refitted_on else []
        files = [each / name for each in models for name in ("model.json", "model.safetensors")]
        contents = [weights_folder.digest(path) for path in (store.samples_path(folder), *files)]
        return Reference.kept([contents, number, is_frozen, str(torch.__version__)], measured)

    def _known_directions(self, samples: pd.DataFrame) -> NDArray[np.float32] | None:
        """See `familiarity.directions`; None if the trial has not left the features behind."""
        description = self.description
        sizes = description.validation_resize_size, description.validation_crop_size
        contents = pixels.contents(samples, sizes, description.rendering)
        features = known_features.of_heads(self.network, description, contents)
        return None if features is None else familiarity.directions_of(features)

    @property
    def normalization(self) -> dict[str, list[float]]:
        """`mean` and `std` of each channel."""
        return {"mean": list(self.description.mean), "std": list(self.description.std)}

    @property
    def onnx_normalization(self) -> dict[str, list[float]] | None:
        """The normalisation left to callers of the ONNX model; None if the model does it."""
        return None if self.hyperparameters.enable_onnx_normalization else self.normalization

    def __call__(self, path: Path) -> NDArray[np.float32]:
        """Return the probabilities (K,) for a picture file, as `Answers` does."""
        pixels = torch.from_numpy(model_input(self.preprocessed(path)[None]))
        with torch.inference_mode():
            return np.asarray(self.probabilities(self.network(pixels))[0])

    def probabilities(self, logits: torch.Tensor) -> NDArray[Any]:
        """Convert logits (B, K) to probabilities."""
        shares = probabilities_of(logits, has_label_sets=self.description.has_label_sets)
        return np.asarray(shares.numpy())

    def preprocessed(self, path: Path) -> NDArray[np.uint8]:
        """Decode, resize and crop a picture as for scoring; (H, W, 3)."""
        with picture_location.opened(path) as file:
            return load_preprocessed(
                file,
                resize_size=self.description.validation_resize_size,
                crop_size=self.description.validation_crop_size,
                rendering=self.description.rendering,
            )

    def picture_packages(self) -> list[str]:
        """Return the packages that read pictures like those of the data set."""
        report = store.load_report(self.experiment_dir)
        formats = {} if report is None else report.formats
        return ["numpy", "pillow", *(["pydicom"] if dicom.FORMAT in formats else [])]

    def example(self) -> torch.Tensor:
        """Return random pixels (2, 3, H, W) of 0 to 1, to trace a program with."""
        side = self.description.validation_crop_size
        return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))

    def size_bytes(self) -> int:
        """Return the size of the weights."""
        return sum(tensor.nbytes for tensor in self.network.state_dict().values())

    def write_settings(self, folder: Path, normalization: dict[str, list[float]] | None) -> None:
        """Write `labels.json` and `settings.json`.

        normalization: what callers of the exported model have to do; None if it does it itself.
        """
        description = self.description
        settings: dict[str, Any] = {
            "experiment": store.load_experiment(self.experiment_dir).experiment_id,
            "trial_id": self.trial.trial_id,
            "model_name": description.model_name,
            "epoch": description.epoch,
            "fitted_to": self.trial.fitted_to,
            "validation_resize_size": description.validation_resize_size,
            "validation_crop_size": description.validation_crop_size,
            "rendering": dataclasses.asdict(description.rendering),
            "normalization": normalization,
            "has_label_sets": description.has_label_sets,
        }
        if self.thresholds is not None:
            settings["thresholds"] = self.thresholds.tolist()
        elif len(self.recorded.labels):
            together = groups.of(self.experiment_dir)
            counted = self.recorded.at(
                picture_groups.one_of_each(self.recorded.sample_ids, together)
            )
            right = answer_sets.calibration(counted.probabilities, counted.labels)
            settings["right_probabilities"] = right.tolist()
        if self.reference is not None:
            settings["unlike"] = self.reference.settings()
        (folder / "settings.json").write_text(json.dumps(settings, indent=1), "utf-8")
        labels = json.dumps(description.class_names, ensure_ascii=False)
        (folder / "labels.json").write_text(labels, "utf-8")
