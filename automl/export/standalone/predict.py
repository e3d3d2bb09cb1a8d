"""Classifies pictures: `python predict.py PICTURE…` prints one JSON object for each of them.

In a program of your own: `from predict import LABELS, probabilities`.
"""

import argparse
import json
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
from automl.evaluation import unlike

HERE = Path(__file__).parent
LABELS: list[str] = json.loads((HERE / "labels.json").read_text("utf-8"))
SETTINGS = json.loads((HERE / "settings.json").read_text("utf-8"))
RENDERING = Rendering(**SETTINGS["rendering"])
SESSION = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])


def probabilities(picture: Path | BinaryIO) -> list[float]:
    """Return the probabilities of the classes, in the order of LABELS."""
    return answer(picture)[0]


def answer(
    picture: Path | BinaryIO, false_alarms: float | None = None
) -> tuple[list[float], bool | None]:
    """Return the probabilities, and True for a picture unlike the training pictures.

    None in the place of True or False: the model does not say it.

    Args:
        picture: a file.
        false_alarms: share of pictures like the training pictures that may be called unlike them;
            that of the export if left out.

    Raises:
        TooFewHeldOutError: the model has too few pictures for such a share.
    """
    resize_size, crop_size = SETTINGS["validation_resize_size"], SETTINGS["validation_crop_size"]
    pixels = load_preprocessed(
        picture, resize_size=resize_size, crop_size=crop_size, rendering=RENDERING
    )
    batch = model_input(pixels[None], SETTINGS["normalization"])
    threshold = unlike.threshold_of(SETTINGS, false_alarms)
    names = ["output1"] if threshold is None else ["output1", "distance"]
    logits, *others = SESSION.run(names, {"input1": batch})
    shares = probabilities_of(logits, has_label_sets=SETTINGS["has_label_sets"])[0]
    is_unlike = None if threshold is None else bool(others[0][0] > threshold)
    return [float(share) for share in shares], is_unlike


def line(path: str, false_alarms: float | None = None) -> dict[str, object]:
    """Return the fields of Azure's batch scoring, and the most probable label.

    Of labels that do not exclude each other it is the list of those from their thresholds on.
    """
    try:
        probs, is_unlike = answer(Path(path), false_alarms)
    except (UnreadablePicture, OSError) as error:
        return {"filename": path, "error": str(error)}
    label: str | list[str] = LABELS[probs.index(max(probs))]
    if SETTINGS["has_label_sets"]:
        each = zip(LABELS, probs, SETTINGS["thresholds"], strict=True)
        label = [name for name, share, least in each if share >= least]
    said: dict[str, object] = {"filename": path, "label": label, "probs": probs, "labels": LABELS}
    return said if is_unlike is None else {**said, "unlike": is_unlike}


def _main() -> None:
    parser = argparse.ArgumentParser(description="Classify pictures; one JSON object for each.")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument(
        "--false-alarms",
        metavar="SHARE",
        help="share of pictures like the training pictures that may be called unlike them, as "
        "0.01, 0.05 or 0.1; that of the export if left out",
    )
    given = parser.parse_args()
    try:
        rate = None if given.false_alarms is None else unlike.rate_of(given.false_alarms)
        threshold = unlike.threshold_of(SETTINGS, rate)
    except ValueError as error:
        parser.error(str(error))
    if threshold is None and rate is not None:
        parser.error("This model does not say which pictures are unlike its training pictures.")
    for name in given.pictures:
        print(json.dumps(line(name, rate)), flush=True)


if __name__ == "__main__":
    _main()
