"""A program that trains the model again, with the settings and the pictures of the trial."""

import csv
import os
import pprint
import runpy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.dataset import pixels
from automl.dataset.preview import CROP_RATIO
from automl.errors import ExportError
from automl.experiments import store
from automl.export import standalone
from automl.export.trained_model import Answers, TrainedModel
from automl.model import blocks

_REQUIREMENTS = ("torch", "torchvision", "timm", "safetensors", "numpy", "pillow")
_KEPT = (
    *("method", "head_init", "number_of_epochs", "validation_batch_size", "learning_rate"),
    *("learning_rate_scheduler", "warmup_cosine_lr_cycles", "warmup_cosine_lr_warmup_epochs"),
    *("step_lr_gamma", "step_lr_step_size", "optimizer", "momentum", "nesterov", "weight_decay"),
    *("beta1", "beta2", "ams_gradient", "layer_decay", "training_crop_size", "random_seed"),
    *("validation_crop_size", "validation_resize_size", "weighted_loss", "label_smoothing"),
    *("mixup", "cutmix", "model_ema", "model_ema_decay", "augmentation", "horizontal_flip"),
    *("vertical_flip", "crop_scale_min", "colour_jitter"),
)


def write(folder: Path, model: TrainedModel) -> Answers:
    """`train_best.py`, `preprocessing.py`, `pictures.csv` and `requirements.txt`."""
    _refuse(model)
    program = standalone.copy("train_best.py", folder)
    standalone.copy_preprocessing(folder)
    root = _write_pictures(folder / "pictures.csv", model.experiment_dir)
    settings = pprint.pformat(_settings(model, root), sort_dicts=False, width=98)
    text = program.read_text("utf-8")
    empty = "S: dict[str, Any] = {}  # filled in by the export\n"
    assert empty in text
    program.write_text(text.replace(empty, f"S: dict[str, Any] = {settings}\n"), "utf-8")
    lines = standalone.requirements(*_REQUIREMENTS)
    (folder / "requirements.txt").write_text("\n".join([*lines, ""]), "utf-8")
    return _answers(program, model)


def _refuse(model: TrainedModel) -> None:
    name, hyperparameters = model.trial.trial_id, model.hyperparameters
    if hyperparameters.method not in ("fine_tuning", "linear_probe"):
        raise ExportError(
            f"{name} is made by {hyperparameters.method}, which trains nothing. Take the code of a "
            "trial that was trained."
        )
    if hyperparameters.checkpoint_run_id:
        raise ExportError(
            f"{name} went on from {hyperparameters.checkpoint_run_id}, so no program can make it "
            "from the pictures alone. Take the code of that one."
        )


def _write_pictures(path: Path, experiment_dir: Path) -> Path:
    """Those of training and validation, below the folder that is returned."""
    samples = store.load_samples(experiment_dir)
    used = samples[samples["split"].isin(["train", "validation"])]
    root = Path(os.path.commonpath([Path(one).parent for one in used["path"]]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for name, label, split in used[["path", "label", "split"]].itertuples(index=False):
            writer.writerow([Path(name).relative_to(root).as_posix(), label, split])
    return root


def _settings(model: TrainedModel, root: Path) -> dict[str, Any]:
    hyperparameters, description, trial = model.hyperparameters, model.description, model.trial
    effective = trial.effective
    weights = str(effective["weights"])
    knows_drop_path = not any("drop_path_rate has no effect" in note for note in trial.notes)
    rate = hyperparameters.drop_path_rate if knows_drop_path else 0.0
    architecture = description.timm_name.partition(".")[0]
    names = blocks.parameter_names(model.network.network, architecture)
    whole, _, _ = pixels.picture_sizes(hyperparameters)
    best = trial.best_evaluation()
    assert best is not None
    return {
        "timm_name": description.timm_name,
        "class_names": description.class_names,
        "mean": list(description.mean),
        "std": list(description.std),
        "data": str(root),
        "is_pretrained": weights != "random",
        "weights": weights,
        "model_options": {"drop_path_rate": rate} if rate else {},
        "frozen": [n for block in names[: hyperparameters.layers_to_freeze] for n in block],
        "best_epoch": description.epoch,
        "training_batch_size": effective.get("training_batch_size", 1),
        "accumulation": effective.get("gradient_accumulation_step", 1),
        "precision": effective["precision"],
        "whole_size": whole,
        "crop_ratio": list(CROP_RATIO),
        **{name: getattr(hyperparameters, name) for name in _KEPT},
        "then": _then(model, best.metrics["accuracy"]),
    }


def _then(model: TrainedModel, accuracy: float) -> str:
    metric = store.load_job(model.experiment_dir).primary_metric
    low, high = model.trial.score_low, model.trial.score_high
    said = f"accuracy {accuracy:.4f}"
    if low is None or high is None:
        return said
    return f"{said}, and {low:.4f} to {high:.4f} as 95 % interval of its {metric}"


def _answers(program: Path, model: TrainedModel) -> Answers:
    """Those of the program's own network and pictures, with the weights of the trial."""
    with standalone.importable(program.parent):
        made = runpy.run_path(str(program))
    made["S"]["is_pretrained"] = False  # its start does not matter here
    network = made["build"](None)
    made["S"]["is_pretrained"] = model.trial.effective["weights"] != "random"
    network.network.load_state_dict(model.network.network.state_dict())
    network.to(made["DEVICE"])

    def answer(path: Path) -> NDArray[np.float32]:
        shares: NDArray[np.float32] = made["evaluate"](network, made["centre_crop"](path)[None])[0]
        return np.asarray(shares)

    return answer
