"""Train the model again, on torch, timm and scikit-learn alone.

    pip install -r requirements.txt
    python train_best.py --data PICTURES [--weights FOLDER] [--output FOLDER]

It reads the pictures of `pictures.csv` and the settings of
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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from automl.dataset.packed_pictures import PackedPictures, layout, load_whole, packed_sizes
from automl.dataset.rendering import Rendering
from automl.evaluation import decisions, label_matrices
from automl.model import blocks, cross_validated_probe, linear_head
from automl.model.network import Normalised, create, starts_at_zero, zero_head
from automl.training.augmentation import Augmentation
from automl.training.batches import scored_batches, train_batches
from automl.training.learner import Learner, predict
from automl.training.recipe import Recipe
from automl.training.task import task_for

HERE = Path(__file__).parent
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    """Train, print the accuracy on the validation pictures and write the weights."""
    settings = json.loads((HERE / "training_settings.json").read_text("utf-8"))
    arguments = arguments_given()
    root = folder_of_pictures(arguments.data)
    weights = folder_of_weights(arguments.weights, settings["timm_name"])
    arguments.output.mkdir(parents=True, exist_ok=True)  # it fails now, or not at all
    splits = ["train", "validation"] if settings["has_seen_all"] else ["train"]
    paths, sizes, labels, folds = read_pictures(root, splits, settings)
    with tempfile.TemporaryDirectory() as folder:
        pictures = decode(paths, sizes, settings, Path(folder, "train.npy"))
        network = train(settings, pictures, labels, folds, weights)
        paths, sizes, labels, _ = read_pictures(root, ["validation"], settings)
        pictures = decode(paths, sizes, settings, Path(folder, "validation.npy"))
        probabilities = score(network, settings, pictures)
    accuracy = decisions.is_right(probabilities, labels).mean()
    but = ", which it was fitted to, too" if settings["has_seen_all"] else ""
    print(f"accuracy {accuracy:.4f} on {len(labels)} validation pictures{but}")
    print(f"the model that is trained again here had {settings['score']}")
    tensors = network.network.state_dict().items()
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors}
    save_file(contiguous, arguments.output / "model.safetensors")


def arguments_given() -> argparse.Namespace:
    """`data` and `output`, folders, and `weights`, a folder or None."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the pictures")
    parser.add_argument(
        "--weights", type=Path, help="a folder of weights in timm's layout, or of several of them"
    )
    parser.add_argument("--output", type=Path, default=HERE, help="the folder for the model")
    return parser.parse_args()


def folder_of_pictures(given: Path) -> Path:
    """The folder that the paths of `pictures.csv` start from: the given one, or one inside of it.

    Raises:
        SystemExit: there is none.
    """
    with (HERE / "pictures.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))["path"]
    for folder in (given, *sorted(path for path in given.glob("*") if path.is_dir())):
        if (folder / first).is_file():
            return folder
    raise SystemExit(
        f"--data {given}: {first} is neither in it nor in one of its folders. Give the folder that "
        "the paths of pictures.csv start from."
    )


def folder_of_weights(given: Path | None, timm_name: str) -> str | None:
    """The folder of the network's weights: the given one, or one inside of it by timm's name.

    Raises:
        SystemExit: there is none.
    """
    if given is None:
        return None
    for folder in (given, given / timm_name, given / timm_name.partition(".")[0]):
        if (folder / "config.json").is_file():
            return str(folder)
    raise SystemExit(
        f"--weights {given}: there is no config.json in it, nor in a folder {timm_name} of it. "
        "Give a folder in timm's layout, or leave --weights out to load them from the Hub."
    )


def train(
    settings: dict[str, Any],
    pictures: PackedPictures[NDArray[np.uint8]],
    labels: NDArray[Any],
    folds: NDArray[np.int64],
    weights: str | None,
) -> Normalised:
    """The network after the best epoch.

    Args:
        settings: content of `training_settings.json`.
        pictures: the training pictures, N of them.
        labels: their class indices (N,), or the labels of each (N, K).
        folds: their folds (N,), -1 for none, by which a linear probe chooses its strength.
        weights: folder of pretrained weights, or None for those that timm downloads.
    """
    recipe = Recipe(**settings["recipe"])
    augmentation = Augmentation(**settings["augmentation"])
    torch.manual_seed(recipe.random_seed)
    network = build(settings, weights)
    task = task_for(recipe, labels, len(settings["class_names"]))

    if settings["fits_probe"]:
        features = linear_head.extract_features(network, scored(pictures, settings))
        is_baseline = settings["best_epoch"] == 0
        fit_probe(network, features, labels, folds if is_baseline else None)
    learner = Learner(
        network,
        task,
        recipe,
        num_pictures=len(labels),
        keeps_statistics=settings["keeps_statistics"],
    )
    while learner.epoch < settings["best_epoch"]:
        batches = train_batches(
            pictures,
            labels,
            augmentation,
            batch_size=learner.batch_size,
            generator=learner.generator,
            device=DEVICE,
        )
        loss = learner.train_epoch(batches)
        print(f"epoch {learner.epoch} of {settings['best_epoch']}: loss {loss:.4f}")
    return learner.scored_network


def fit_probe(
    network: Normalised,
    features: NDArray[np.float32],
    labels: NDArray[Any],
    folds: NDArray[np.int64] | None,
) -> None:
    """Set the last layer to a probe for features (N, D) and labels (N,) or (N, K).

    Folds (N,) choose its strength, if there are any.
    """
    if folds is None or folds.max() < 0:
        linear_head.fit(network, features, labels)
        return
    head = linear_head.of(network.network)
    found = cross_validated_probe.fit(features, labels, folds, len(head.weight))
    linear_head.put_into(head, found.probe)
    is_right = decisions.is_right(found.probabilities, labels)
    print(f"accuracy out of fold {is_right[folds >= 0].mean():.4f}, strength {found.strength:g}")


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
    network: Normalised, settings: dict[str, Any], pictures: PackedPictures[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    """Probabilities (N, K) for N pictures."""
    num_classes = len(settings["class_names"])
    # for the loss, which scoring does not need
    no_labels = np.zeros((1, num_classes) if settings["has_label_sets"] else 1, int)
    task = task_for(Recipe(**settings["recipe"]), no_labels, num_classes)
    return predict(network, task, scored(pictures, settings))


def scored(
    pictures: PackedPictures[NDArray[np.uint8]], settings: dict[str, Any]
) -> Iterator[Tensor]:
    """The pictures in batches, as they are scored."""
    side, size = settings["validation_crop_size"], settings["validation_batch_size"]
    return scored_batches(pictures, side, batch_size=size, device=DEVICE)


def read_pictures(
    root: Path, splits: list[str], settings: dict[str, Any]
) -> tuple[list[Path], NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
    """Paths, widths and heights (N, 2), labels and folds (N,) of some splits."""
    with (HERE / "pictures.csv").open(encoding="utf-8", newline="") as file:
        every = list(csv.DictReader(file))
    rows = [row for split in splits for row in every if row["split"] == split]
    sizes = np.array([(row["width"], row["height"]) for row in rows]).astype(np.int64)
    labels = labels_of([row["label"] for row in rows], settings)
    folds = np.array([row["fold"] or -1 for row in rows]).astype(np.int64)
    return [root / row["path"] for row in rows], sizes, labels, folds


def labels_of(texts: list[str], settings: dict[str, Any]) -> NDArray[Any]:
    """Class indices (N,); or the labels of each picture (N, K), whose texts are lists in JSON."""
    class_names = settings["class_names"]
    if settings["has_label_sets"]:
        return label_matrices.from_names([json.loads(text) for text in texts], class_names)
    return np.array([class_names.index(text) for text in texts], np.int64)


def decode(
    paths: list[Path], sizes: NDArray[np.int64], settings: dict[str, Any], file: Path
) -> PackedPictures[NDArray[np.uint8]]:
    """The pictures in a file that is mapped into memory.

    Args:
        paths: N files.
        sizes: (N, 2) their widths and heights.
        settings: content of `training_settings.json`.
        file: is made.
    """
    resize_size, crop_size = settings["validation_resize_size"], settings["validation_crop_size"]
    rendering = Rendering(**settings["rendering"])
    stored = packed_sizes(*sizes.T.tolist(), resize_size=resize_size, crop_size=crop_size)
    offsets = layout(stored)
    flat = np.lib.format.open_memmap(file, "w+", np.uint8, (int(offsets[-1]),))

    def fill(index: int) -> None:
        pixels = load_whole(
            paths[index],
            stored[index],
            resize_size=resize_size,
            crop_size=crop_size,
            rendering=rendering,
        )
        flat[offsets[index] : offsets[index + 1]] = pixels.ravel()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(len(paths))))
    return PackedPictures.of(flat, stored)


if __name__ == "__main__":
    main()
