"""Export a program that trains the model again, with the settings and pictures of the trial."""

import csv
import dataclasses
import json
import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.dataset import (
    crop_ranges,
    dicom,
    label_sets,
    packed_pictures,
    picture_location,
    preprocessing,
    rendering,
)
from automl.dataset.packed_pictures import PackedPictures
from automl.errors import ExportError
from automl.evaluation import decisions, label_matrices
from automl.experiments import store
from automl.export import standalone
from automl.export.trained_model import Answers, TrainedModel
from automl.model import blocks, cross_validated_probe, linear_head, linear_probe, network
from automl.training import augmentation, batches, learner, precision, ranks, recipe, task

_REQUIREMENTS = ("torch", "torchvision", "timm", "scikit-learn", "scipy", "safetensors")
MODULES = (
    *(preprocessing, rendering, dicom, packed_pictures, crop_ranges),
    *(decisions, label_matrices, blocks, network, linear_probe, linear_head, cross_validated_probe),
    *(augmentation, ranks, batches, recipe, precision, task, learner),
)
"""Copied beside the program: the very modules that trained the model."""

_PRECISIONS = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


def write(folder: Path, model: TrainedModel) -> Answers:
    """Write `train_best.py`, the modules it imports, its settings, pictures and requirements."""
    _refuse(model)
    program = standalone.copy("train_best.py", folder)
    for module in MODULES:
        standalone.copy_module(module, folder)
    _write_pictures(folder / "pictures.csv", model.experiment_dir)
    settings = json.dumps(_settings(model), indent=2, ensure_ascii=False)
    (folder / "training_settings.json").write_text(settings + "\n", "utf-8")
    standalone.write_requirements(folder, *_REQUIREMENTS, *model.picture_packages())
    return _answers(program, model)


def _refuse(model: TrainedModel) -> None:
    name, hyperparameters = model.trial.trial_id, model.hyperparameters
    if hyperparameters.method in ("majority_class", "prototypes", "k_nearest_neighbours"):
        raise ExportError(
            f"{name} is made by {hyperparameters.method}, which trains nothing. Take the code of a "
            "trial that was trained."
        )
    if composition := model.description.composition:
        raise ExportError(
            f"{name} is made of {composition}, and the program trains one plain network. Take the "
            "code of a trial of one network."
        )
    if members := model.trial.members:
        raise ExportError(
            f"{name} has the mean of the weights of {len(members)} trials, and the program trains "
            f"one. Take the code of {members[0].trial_id}."
        )
    if hyperparameters.checkpoint_run_id:
        raise ExportError(
            f"{name} went on from {hyperparameters.checkpoint_run_id}, so no program can make it "
            "from the pictures alone. Take the code of that one."
        )


def _write_pictures(path: Path, experiment_dir: Path) -> None:
    """Write the training and validation pictures, with paths relative to their common folder."""
    samples = store.load_samples(experiment_dir)
    used = samples[samples["split"].isin(["train", "validation"])]
    inside = next(filter(picture_location.is_inside, used["path"]), None)
    if inside is not None:
        raise ExportError(
            f"The program reads pictures from files, but {inside} is inside of another file. Write "
            "the pictures to files and run the experiment on these to get its code."
        )
    if label_sets.are_in(used):
        lists = [json.dumps(list(each), ensure_ascii=False) for each in used[label_sets.COLUMN]]
        used = used.assign(label=lists)
    root = Path(os.path.commonpath([Path(one).parent for one in used["path"]]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        columns = ["path", "label", "split", "width", "height", "fold"]
        writer.writerow(columns)
        # without folds in earlier formats, and for pictures that always train
        rows = used.reindex(columns=columns).astype({"fold": object}).fillna({"fold": ""})
        for name, *others in rows.itertuples(index=False):
            writer.writerow([Path(name).relative_to(root).as_posix(), *others])


def _settings(model: TrainedModel) -> dict[str, Any]:
    """Content of `training_settings.json`: all that decides the weights, as it was in effect.

    It names no folder of this machine.
    """
    hyperparameters, description = model.hyperparameters, model.description
    effective = model.trial.effective
    weights = str(effective["weights"])
    is_pretrained = weights != "random"
    keeps_statistics = effective.get("batch_norm_statistics") == "kept"
    has_drop_path = not any("drop_path_rate has no effect" in note for note in model.trial.notes)
    steps = dataclasses.asdict(recipe.Recipe.read(hyperparameters))
    crops = dataclasses.asdict(augmentation.Augmentation.read(hyperparameters))
    best = model.trial.best_evaluation()
    assert best is not None
    return {
        "timm_name": description.timm_name,
        "class_names": description.class_names,
        "has_label_sets": description.has_label_sets,
        "is_pretrained": is_pretrained,
        "best_epoch": description.epoch,
        "has_seen_all": description.has_seen_all,
        "head_init": hyperparameters.head_init,
        "fits_probe": hyperparameters.method == "linear_probe" or keeps_statistics,
        "keeps_statistics": keeps_statistics,
        "layers_to_freeze": hyperparameters.layers_to_freeze,
        "drop_path_rate": hyperparameters.drop_path_rate if has_drop_path else 0.0,
        "mean": list(description.mean),
        "std": list(description.std),
        "validation_resize_size": hyperparameters.validation_resize_size,
        "validation_crop_size": hyperparameters.validation_crop_size,
        "rendering": dataclasses.asdict(description.rendering),
        "validation_batch_size": hyperparameters.validation_batch_size,
        "recipe": {**steps, "precision": _PRECISIONS[effective["precision"]]},
        "augmentation": crops,
        "score": _score(model, best.metrics["accuracy"]),
    }


def _score(model: TrainedModel, accuracy: float) -> str:
    metric = store.load_job(model.experiment_dir).primary_metric
    low, high = model.trial.score_low, model.trial.score_high
    text = f"accuracy {accuracy:.4f} {model.trial.scored_on}"
    if low is None or high is None:
        return text
    return f"{text}, and {low:.4f} to {high:.4f} as 95 % interval of its {metric}"


def _answers(program: Path, model: TrainedModel) -> Answers:
    """Answers of the program's own network, with the weights of the trial, for comparison."""
    with standalone.importable(program.parent):
        functions = runpy.run_path(str(program))
    settings = json.loads((program.parent / "training_settings.json").read_text("utf-8"))
    made = functions["build"](settings, None, random=True)
    made.network.load_state_dict(model.network.network.state_dict())

    def answer(path: Path) -> NDArray[np.float32]:
        pixels = model.preprocessed(path)
        picture = PackedPictures.of(pixels.ravel(), np.array([pixels.shape[:2]]))
        probabilities: NDArray[np.float32] = functions["score"](made, settings, picture)[0]
        return probabilities

    return answer
