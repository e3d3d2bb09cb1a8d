"""A folder of pretrained weights in timm's `local-dir` layout. Imports no torch."""

import hashlib
import json
from pathlib import Path
from typing import Any

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def is_complete(folder: Path) -> bool:
    """True if both files are there."""
    return all((folder / name).is_file() for name in (CONFIG, WEIGHTS))


def configuration(folder: Path) -> dict[str, Any]:
    """Content of `config.json`, with what it says about the weights on the same level.

    Raises:
        OSError: the file is missing.
        ValueError: it is not a JSON object.
    """
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG} is not a JSON object")
    weights = config.get("pretrained_cfg")
    return {**config, **weights} if isinstance(weights, dict) else config


def normalisation(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of RGB values in 0 to 1; ImageNet's if none are stated."""
    config = configuration(folder)
    return tuple(config.get("mean", IMAGENET_MEAN)), tuple(config.get("std", IMAGENET_STD))


def licence(folder: Path) -> str | None:
    """Licence that the folder states, in lower case; None without a statement."""
    stated = configuration(folder).get("license")
    return stated.lower() if isinstance(stated, str) and stated else None


def seal(folder: Path) -> None:
    """Write the digest of the weights into `config.json`, for `is_intact`."""
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    config["sha256"] = digest(folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def is_intact(folder: Path) -> bool:
    """True if the weights are those that were there when the folder was sealed."""
    try:
        return configuration(folder).get("sha256") == digest(folder / WEIGHTS)
    except (OSError, ValueError):
        return False


def digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
