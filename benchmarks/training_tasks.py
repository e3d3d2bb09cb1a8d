"""Cost of training with any number of labels a picture beside one class.

`python -m benchmarks.training_tasks [--quick]`: a training step and an evaluation, with 6 and with
1,000 outputs, of both tasks in turns; processor seconds on one thread, medians of the ratios.
`--quick` has fewer and smaller rounds.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from automl.training.trial_data import LabelledPictures, TrialData
from automl.training.trial_training import Placement, TrialTraining
from benchmarks import training
from benchmarks.figures import Figures
from benchmarks.training_steps import endless, steps

_MODEL = "mobilenetv3_small_100"
_BATCH_SIZE = 32
_NUM_PHOTOS = 64
"""Files that stand for all pictures."""

_LABELS_A_PICTURE = 3  # at most


def main(arguments: list[str]) -> None:
    is_quick = "--quick" in arguments
    side, num_rounds, num_pictures = (96, 5, 500) if is_quick else (160, 15, 1_000)
    asked = training.settings(_MODEL, side, _BATCH_SIZE)
    measured = Figures()
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        os.environ["AUTOML_HOME"] = str(Path(place) / "home")
        training.write_photos(Path(place) / "photos", _NUM_PHOTOS)
        found = training.decoded(Path(place) / "photos", asked)
        placement = Placement(torch.device("cpu"), num_threads=1)
        for num_outputs in (6, 1_000):
            classes, sets = (
                TrialTraining(asked, _data(found, labels, num_outputs), placement)
                for labels in _labels(num_pictures, num_outputs)
            )
            of_steps = [partial(steps, each, endless(each), 1) for each in (classes, sets)]
            _compare(f"step_of_{num_outputs}", *of_steps, num_rounds, measured)
            of_scores = (classes.evaluate, sets.evaluate)
            _compare(f"evaluation_of_{num_outputs}", *of_scores, num_rounds, measured)
    measured.print_last_line()


def _labels(num_pictures: int, num_outputs: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """A class of each picture (N,), and one to three labels of each (N, K)."""
    rng = np.random.default_rng(0)
    drawn = [
        rng.permutation(np.arange(num_pictures) % num_outputs) for _ in range(_LABELS_A_PICTURE)
    ]
    sets = np.zeros((num_pictures, num_outputs), bool)
    for each in drawn:
        sets[np.arange(num_pictures), each] = True
    return drawn[0], sets


def _data(found: TrialData, labels: NDArray[Any], num_outputs: int) -> TrialData:
    """Pictures for training and validation with these labels; few files stand for all of them."""
    ids = np.arange(len(labels))
    pictures = found.train.pictures.take(ids % len(found.train.pictures))
    labelled = LabelledPictures(pictures, ids, labels, np.full(len(ids), -1))
    names = [f"class {number:03d}" for number in range(num_outputs)]
    return TrialData(labelled, labelled, names, split_hash="")


def _compare(
    name: str,
    of_classes: Callable[[], object],
    of_sets: Callable[[], object],
    num_rounds: int,
    measured: Figures,
) -> None:
    of_classes(), of_sets()
    cpu_seconds = partial(training.seconds, clock=time.process_time)
    rounds = [(cpu_seconds(of_classes), cpu_seconds(of_sets)) for _ in range(num_rounds)]
    for task, seconds in zip(("classes", "labels"), zip(*rounds, strict=True), strict=True):
        measured.add(f"{name}_{task}_cpu_seconds", statistics.median(seconds))
    ratio = statistics.median(labels / classes for classes, labels in rounds)
    measured.add(f"{name}_labels_to_classes", ratio, at_most=1.05)


if __name__ == "__main__":
    main(sys.argv[1:])
