"""Train the model again, on torch, timm and scikit-learn alone.

    pip install -r requirements.txt
    python train_best.py [--data FOLDER] [--weights FOLDER] [--output FOLDER]

It reads the pictures of `pictures.csv` (path, label, split) and the settings of
`training_settings.json`, starts from the same weights, trains up to the best epoch, and writes
`model.safetensors`. On the same machine and versions the weights are the same; elsewhere they
differ by rounding.

How the training works stands in the files beside this one: `learner.py` (the steps), `recipe.py`
(optimizer, learning rate, precision), `task.py` (loss), `augmentation.py` and `batches.py`.
"""

import argparse
import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from automl.dataset.preprocessing import load_preprocessed, load_rgb
from automl.model import blocks, linear_probe
from automl.model.network import Normalised, create, starts_at_zero, zero_head
from automl.training.augmentation import Augmentation
from automl.training.batches import centre_batches, evaluation_batches, train_batches
from automl.training.learner import Learner, predict
from automl.training.recipe import Recipe
from automl.training.task import SingleLabel

HERE = Path(__file__).parent
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    """Train, write the weights and print the accuracy on the validation pictures."""
    settings = json.loads((HERE / "training_settings.json").read_text("utf-8"))
    parser = argparse.ArgumentParser(description=__doc__)
    data = settings["data"]
    parser.add_argument("--data", type=Path, default=Path(data), help="instead of %(default)s")
    parser.add_argument("--weights", help="folder of pretrained weights, in timm's layout")
    parser.add_argument("--output", type=Path, default=HERE)
    arguments = parser.parse_args()
    weights = settings["weights"] if Path(settings["weights"]).is_dir() else None
    paths, labels = read_pictures(arguments.data, "train", settings["class_names"])
    with tempfile.TemporaryDirectory() as folder:
        side = settings["whole_size"]
        pixels = decode(paths, lambda path: squashed(path, side), side, Path(folder, "train.npy"))
        network = train(settings, pixels, paths, labels, arguments.weights or weights)
        paths, labels = read_pictures(arguments.data, "validation", settings["class_names"])
        file = Path(folder, "validation.npy")
        side = settings["validation_crop_size"]
        pixels = decode(paths, lambda path: centre_crop(path, settings), side, file)
        probabilities = score(network, settings, pixels)
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    tensors = network.network.state_dict().items()
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors}
    save_file(contiguous, arguments.output / "model.safetensors")
    print(f"accuracy {accuracy:.4f} on {len(labels)} validation pictures")
    print(f"the model that is trained again here had {settings['score']}")


def train(
    settings: dict[str, Any],
    pixels: NDArray[np.uint8],
    paths: list[Path],
    labels: NDArray[np.int64],
    weights: str | None,
) -> Normalised:
    """The network after the best epoch.

    Args:
        settings: content of `training_settings.json`.
        pixels: whole training pictures squashed to squares (N, S, S, 3).
        paths: their files.
        labels: their class indices (N,).
        weights: folder of pretrained weights, or None for those that timm downloads.
    """
    recipe = Recipe(**settings["recipe"])
    augmentation = Augmentation(**settings["augmentation"])
    aspects = aspects_of(paths)
    torch.manual_seed(recipe.random_seed)
    network = build(settings, weights)
    task = SingleLabel(recipe, np.bincount(labels, minlength=len(settings["class_names"])))

    def centre_crops() -> Iterator[Tensor]:
        size = settings["validation_batch_size"]
        return centre_batches(pixels, aspects, augmentation, batch_size=size, device=DEVICE)

    if settings["fits_probe"]:
        probe_features = linear_probe.extract_features(network, centre_crops())
        linear_probe.fit_head(network, probe_features, labels)
    learner = Learner(
        network,
        task,
        recipe,
        num_pictures=len(labels),
        keeps_statistics=settings["keeps_statistics"],
    )
    while learner.epoch < settings["best_epoch"]:
        batches = train_batches(
            pixels,
            aspects,
            labels,
            augmentation,
            batch_size=learner.batch_size,
            generator=learner.generator,
            device=DEVICE,
        )
        loss = learner.train_epoch(batches)
        print(f"epoch {learner.epoch} of {settings['best_epoch']}: loss {loss:.4f}")
    return learner.scored_network


def build(settings: dict[str, Any], weights: str | None, *, random: bool = False) -> Normalised:
    """The network as training starts, on the device.

    Args:
        settings: content of `training_settings.json`.
        weights: folder of pretrained weights in timm's layout, or None for those of timm.
        random: do not load any weights.
    """
    name = settings["timm_name"]
    is_pretrained = settings["is_pretrained"] and not random
    source = f"local-dir:{weights}" if weights else name
    network = create(
        source if is_pretrained else name.partition(".")[0],
        len(settings["class_names"]),
        pretrained=is_pretrained,
        drop_path_rate=settings["drop_path_rate"],
    )
    if starts_at_zero(settings["head_init"], has_new_head=settings["is_pretrained"]):
        zero_head(network)
    blocks.freeze(network, name.partition(".")[0], settings["layers_to_freeze"])
    normalised = Normalised(network, settings["mean"], settings["std"])
    return normalised.to(memory_format=torch.channels_last).to(DEVICE)


def score(
    network: Normalised, settings: dict[str, Any], pixels: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Probabilities (N, K) for preprocessed pictures (N, H, W, 3)."""
    size = settings["validation_batch_size"]
    task = SingleLabel(Recipe(**settings["recipe"]), np.ones(len(settings["class_names"]), int))
    return predict(network, task, evaluation_batches(pixels, batch_size=size, device=DEVICE))


def read_pictures(
    root: Path, split: str, class_names: list[str]
) -> tuple[list[Path], NDArray[np.int64]]:
    """Paths and class indices (N,) of a split."""
    with (HERE / "pictures.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    labels = np.array([class_names.index(row["label"]) for row in rows], np.int64)
    return [root / row["path"] for row in rows], labels


def decode(
    paths: list[Path], prepare: Callable[[Path], NDArray[np.uint8]], side: int, file: Path
) -> NDArray[np.uint8]:
    """(N, side, side, 3) in a file that is mapped into memory."""
    array = np.lib.format.open_memmap(file, "w+", np.uint8, (len(paths), side, side, 3))

    def fill(index: int) -> None:
        array[index] = prepare(paths[index])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(len(paths))))
    return array


def squashed(path: Path, side: int) -> NDArray[np.uint8]:
    """The whole picture as a square; the augmentation restores true proportions."""
    return np.asarray(load_rgb(path, min_side=side).resize((side, side), 2))  # 2: bilinear


def centre_crop(path: Path, settings: dict[str, Any]) -> NDArray[np.uint8]:
    """The picture as it is scored."""
    return load_preprocessed(
        path,
        resize_size=settings["validation_resize_size"],
        crop_size=settings["validation_crop_size"],
    )


def aspects_of(paths: list[Path]) -> NDArray[np.float32]:
    """Width / height of the pictures (N,)."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sizes = list(pool.map(lambda path: load_rgb(path).size, paths))
    return np.array([width / height for width, height in sizes], np.float32)


if __name__ == "__main__":
    main()
