"""Comparison of an exported model with the trial's own, from the file to the probability."""

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from automl.dataset import picture_location
from automl.dataset.preprocessing import UnreadablePicture, load_rgb
from automl.errors import ExportError
from automl.experiments import store
from automl.export import onnx_input
from automl.export.parity_report import TOLERANCE, Parity
from automl.export.trained_model import Answers, TrainedModel

NUM_PICTURES = 64

Progress = Callable[[float], None]


@contextmanager
def pictures(model: TrainedModel) -> Iterator[tuple[pd.DataFrame, Literal["validation", "noise"]]]:
    """Yield up to 64 random validation pictures, or pictures of noise if none can be read.

    The table has the columns `id` and `path`, which is that of a file, as other programs read it.
    """
    rows = readable(model.experiment_dir, "validation", NUM_PICTURES)
    with tempfile.TemporaryDirectory() as folder:
        if len(rows):
            files = [_as_file(path, Path(folder) / str(n)) for n, path in enumerate(rows["path"])]
            yield rows.assign(path=files), "validation"
            return
        rng = np.random.default_rng(0)
        side = model.description.validation_resize_size
        paths = [Path(folder) / f"{number}.png" for number in range(NUM_PICTURES)]
        for path in paths:
            Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)
        yield pd.DataFrame({"id": -1, "path": [str(path) for path in paths]}), "noise"


def readable(experiment_dir: Path, split: str, max_count: int | None = None) -> pd.DataFrame:
    """Return the pictures of a split that can still be read, in random order.

    max_count: stop after so many.
    """
    if not store.samples_path(experiment_dir).is_file():
        return pd.DataFrame({"id": [], "path": []})
    samples = store.load_samples(experiment_dir)
    shuffled = samples[samples["split"] == split].sample(frac=1, random_state=0)
    positions = (n for n, path in enumerate(shuffled["path"]) if _is_readable(Path(path)))
    return shuffled.iloc[list(islice(positions, max_count))]


def _as_file(location: str, place: Path) -> str:
    """The picture's own file, or a copy of the picture if it is inside of another one."""
    if not picture_location.is_inside(location):
        return location
    with picture_location.opened(location) as file:
        place.write_bytes(file.read())
    return str(place)


def _is_readable(path: Path) -> bool:
    try:
        with picture_location.opened(path) as file:
            load_rgb(file, min_side=8)
    except (OSError, UnreadablePicture):
        return False
    return True


def measure(
    name: str, folder: Path, model: TrainedModel, answers: Answers, progress: Progress
) -> Parity:
    """Compare an artefact with the trial's own model.

    Args:
        name: the format.
        folder: the artefact.
        model: the trial's own model.
        answers: the answers of the artefact.
        progress: called with the share that is done.

    Raises:
        ExportError: a probability differs by more than the tolerance, or is NaN.
    """
    with pictures(model) as (rows, kind):
        paths = [Path(path) for path in rows["path"]]
        own, own_latency = timed(model, paths, lambda share: progress(share / 2))
        exported, latency = timed(answers, paths, lambda share: progress(0.5 + share / 2))
        convention = onnx_input.convention(folder, model, paths)
    report = Parity(
        format=name,
        experiment=store.load_experiment(model.experiment_dir).experiment_id,
        trial_id=model.trial.trial_id,
        num_images=len(paths),
        pictures=kind,
        agreement=agreement(own, exported, model.thresholds),
        max_probability_difference=float(np.abs(own - exported).max()),
        max_difference_from_recorded=_from_recorded(model, rows, own),
        latency_ms=latency,
        own_latency_ms=own_latency,
        size_bytes=size_bytes(folder),
        onnx_input=convention,
    )
    _refuse(report)
    return report


def _refuse(report: Parity) -> None:
    # written so that NaN is refused
    if not report.max_probability_difference <= TOLERANCE:
        raise ExportError(
            f"The exported model does not answer as {report.trial_id} does: over "
            f"{report.num_images} pictures a probability differs by up to "
            f"{report.max_probability_difference:.2g} (at most {TOLERANCE:g} is allowed), and "
            f"{report.agreement:.1%} get the same answer. Nothing was kept; try another format."
        )


def timed(
    answers: Answers, paths: Sequence[Path], progress: Progress
) -> tuple[NDArray[np.float32], float]:
    """Return the probabilities (N, K) for N pictures, and the median milliseconds for one."""
    answers(paths[0])  # warm up
    rows, seconds = [], []
    for number, path in enumerate(paths, start=1):
        started = time.perf_counter()
        rows.append(answers(path))
        seconds.append(time.perf_counter() - started)
        progress(number / len(paths))
    return np.stack(rows), float(np.median(seconds)) * 1000


def size_bytes(folder: Path) -> int:
    """Return the size of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def agreement(
    own: NDArray[np.float32],
    exported: NDArray[np.float32],
    thresholds: NDArray[np.floating] | None,
) -> float:
    """Share of the pictures with the same most probable class, or the same labels from these
    thresholds (K,) on."""
    if thresholds is not None:
        return float(((own >= thresholds) == (exported >= thresholds)).all(axis=1).mean())
    return float((own.argmax(axis=1) == exported.argmax(axis=1)).mean())


def _from_recorded(
    model: TrainedModel, rows: pd.DataFrame, own: NDArray[np.float32]
) -> float | None:
    """Return the largest difference from the recorded answers; None if none are recorded.

    A model that is fitted to all pictures has no recorded answers: they come from its folds.
    """
    if model.description.has_seen_all:
        return None
    position_of = {int(index): n for n, index in enumerate(model.recorded.sample_ids)}
    known = [n for n, index in enumerate(rows["id"]) if int(index) in position_of]
    if not known:
        return None
    recorded = model.recorded.probabilities[[position_of[int(rows["id"].iloc[n])] for n in known]]
    difference = float(np.abs(own[known] - recorded).max())
    return None if math.isnan(difference) else difference
