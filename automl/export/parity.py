"""Whether an exported model answers as the trial's own does, from the file to the probability."""

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

from automl.dataset.preprocessing import UnreadablePicture, load_rgb
from automl.errors import ExportError
from automl.experiments import store
from automl.export.parity_report import TOLERANCE, Parity
from automl.export.trained_model import Answers, TrainedModel

NUM_PICTURES = 64

Progress = Callable[[float], None]


@contextmanager
def pictures(model: TrainedModel) -> Iterator[tuple[pd.DataFrame, Literal["validation", "noise"]]]:
    """64 validation pictures or all, at random: `id` and `path`; noise where there are none."""
    found = readable(model.experiment_dir, "validation", NUM_PICTURES)
    if len(found):
        yield found, "validation"
        return
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        side = model.description.validation_resize_size
        paths = [Path(folder) / f"{number}.png" for number in range(NUM_PICTURES)]
        for path in paths:
            Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(path)
        yield pd.DataFrame({"id": -1, "path": [str(path) for path in paths]}), "noise"


def readable(experiment_dir: Path, split: str, most: int | None = None) -> pd.DataFrame:
    """Pictures of a split that can still be read, in random order; `most` of them."""
    if not store.samples_path(experiment_dir).is_file():
        return pd.DataFrame({"id": [], "path": []})
    samples = store.load_samples(experiment_dir)
    shuffled = samples[samples["split"] == split].sample(frac=1, random_state=0)
    places = (n for n, path in enumerate(shuffled["path"]) if _is_readable(Path(path)))
    return shuffled.iloc[list(islice(places, most))]


def _is_readable(path: Path) -> bool:
    try:
        load_rgb(path, min_side=8)
    except (OSError, UnreadablePicture):
        return False
    return True


def measure(
    name: str, folder: Path, model: TrainedModel, answers: Answers, progress: Progress
) -> Parity:
    """The report on an artefact.

    Raises:
        ExportError: a probability differs by more than the tolerance; the numbers are in it.
    """
    with pictures(model) as (rows, kind):
        paths = [Path(path) for path in rows["path"]]
        own, own_latency = timed(model, paths, lambda share: progress(share / 2))
        given, latency = timed(answers, paths, lambda share: progress(0.5 + share / 2))
    found = Parity(
        format=name,
        experiment=store.load_experiment(model.experiment_dir).experiment_id,
        trial_id=model.trial.trial_id,
        num_images=len(paths),
        pictures=kind,
        agreement=_agreement(own, given),
        max_probability_difference=float(np.abs(own - given).max()),
        max_difference_from_recorded=_from_recorded(model, rows, own),
        latency_ms=latency,
        own_latency_ms=own_latency,
        size_bytes=size_bytes(folder),
    )
    _refuse(found)
    return found


def _refuse(found: Parity) -> None:
    # NaN is no equality either
    if not found.max_probability_difference <= TOLERANCE:
        raise ExportError(
            f"The exported model does not answer as {found.trial_id} does: over "
            f"{found.num_images} pictures a probability differs by up to "
            f"{found.max_probability_difference:.2g} (at most {TOLERANCE:g} is allowed), and "
            f"{found.agreement:.1%} get the same class. Nothing was kept; try another format."
        )


def timed(
    answers: Answers, paths: Sequence[Path], progress: Progress
) -> tuple[NDArray[np.float32], float]:
    """Probabilities (N, K), and the median milliseconds for one picture."""
    answers(paths[0])  # the first one pays for what is set up once
    found, seconds = [], []
    for number, path in enumerate(paths, start=1):
        started = time.perf_counter()
        found.append(answers(path))
        seconds.append(time.perf_counter() - started)
        progress(number / len(paths))
    return np.stack(found), float(np.median(seconds)) * 1000


def size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _agreement(own: NDArray[np.float32], given: NDArray[np.float32]) -> float:
    return float((own.argmax(axis=1) == given.argmax(axis=1)).mean())


def _from_recorded(
    model: TrainedModel, rows: pd.DataFrame, own: NDArray[np.float32]
) -> float | None:
    places = {int(index): place for place, index in enumerate(model.recorded.sample_ids)}
    known = [place for place, index in enumerate(rows["id"]) if int(index) in places]
    if not known:
        return None
    recorded = model.recorded.probabilities[[places[int(rows["id"].iloc[k])] for k in known]]
    difference = float(np.abs(own[known] - recorded).max())
    return None if math.isnan(difference) else difference
