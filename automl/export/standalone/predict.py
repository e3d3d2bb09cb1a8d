"""Classifies pictures: `python predict.py PICTURE…` prints one JSON object for each of them.

In a program of your own: `from predict import LABELS, probabilities`.
"""

import json
import sys
from pathlib import Path
from typing import BinaryIO

import onnxruntime

from automl.dataset.preprocessing import (
    UnreadablePicture,
    load_preprocessed,
    model_input,
    probabilities_of,
)
from automl.dataset.rendering import Rendering

HERE = Path(__file__).parent
LABELS: list[str] = json.loads((HERE / "labels.json").read_text("utf-8"))
SETTINGS = json.loads((HERE / "settings.json").read_text("utf-8"))
RENDERING = Rendering(**SETTINGS["rendering"])
SESSION = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])


def probabilities(picture: Path | BinaryIO) -> list[float]:
    """Return the probabilities of the classes, in the order of LABELS."""
    return answer(picture)[0]


def answer(picture: Path | BinaryIO) -> tuple[list[float], bool | None]:
    """Return the probabilities, and True for a picture unlike the training pictures.

    None in the place of True or False: the model does not say it.
    """
    resize_size, crop_size = SETTINGS["validation_resize_size"], SETTINGS["validation_crop_size"]
    pixels = load_preprocessed(
        picture, resize_size=resize_size, crop_size=crop_size, rendering=RENDERING
    )
    batch = model_input(pixels[None], SETTINGS["normalization"])
    unlike = SETTINGS.get("unlike")
    names = ["output1", "distance"] if unlike else ["output1"]
    logits, *others = SESSION.run(names, {"input1": batch})
    shares = probabilities_of(logits, has_label_sets=SETTINGS["has_label_sets"])[0]
    is_unlike = bool(others[0][0] > unlike["threshold"]) if unlike else None
    return [float(share) for share in shares], is_unlike


def line(path: str) -> dict[str, object]:
    """Return the fields of Azure's batch scoring, and the most probable label.

    Of labels that do not exclude each other it is the list of those from their thresholds on.
    """
    try:
        probs, is_unlike = answer(Path(path))
    except (UnreadablePicture, OSError) as error:
        return {"filename": path, "error": str(error)}
    label: str | list[str] = LABELS[probs.index(max(probs))]
    if SETTINGS["has_label_sets"]:
        each = zip(LABELS, probs, SETTINGS["thresholds"], strict=True)
        label = [name for name, share, least in each if share >= least]
    said: dict[str, object] = {"filename": path, "label": label, "probs": probs, "labels": LABELS}
    return said if is_unlike is None else {**said, "unlike": is_unlike}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(line(name)), flush=True)
