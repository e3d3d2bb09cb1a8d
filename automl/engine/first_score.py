"""`python -m automl.engine.first_score < job.yml`: score the data with a linear probe.

Prints `done total` for the pictures while it reads them, and the first score as JSON at the end.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.dataset import manifest, split
from automl.dataset.manifest import Manifest
from automl.engine import preview
from automl.errors import UserError
from automl.evaluation import first_score
from automl.evaluation.first_score import FirstScore
from automl.evaluation.predictions import Predictions
from automl.host.cores import usable_cores
from automl.jobs import automode
from automl.jobs.compatibility import resolve
from automl.jobs.corrections import Corrections
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.jobs.tasks import TASKS
from automl.model import building, cross_validated_probe, feature_cache
from automl.model.building import BuiltModel
from automl.model.network import Normalised
from automl.training import trial_data
from automl.training.batches import scored_batches

MAX_PICTURES = 4_000
"""Pictures that are looked at: of a larger data set a random choice, so that it takes a minute."""

Counted = Callable[[int, int], None]


def score(job: Job, progress: Counted) -> FirstScore:
    """Score the pictures that are not test pictures, each by a probe that has not seen it.

    The network is the one that AutoMode begins with, so a search finds its features in the cache.

    Args:
        job: the data; the rest of the job has no part in it.
        progress: called with the number of pictures that are read and that of all.

    Raises:
        UserError: the data cannot be used, or there are no pretrained weights.
    """
    if TASKS[job.task].has_label_sets:
        raise UserError(
            f"task is {job.task}, and a first score needs one label a picture. Start a search: its "
            "first trial is a linear probe, too."
        )
    data = manifest.build(job)
    is_corrected = job.corrections != Corrections()
    # corrections change no picture: the features of the data as it is serve all of them
    plain = job.model_copy(update={"corrections": Corrections()})
    original = _some(manifest.look(plain) if is_corrected else data, job.seed)
    hyperparameters = _probe(job, original)
    torch.set_num_threads(usable_cores())
    rows, features = _features(hyperparameters, original, progress)
    return _cross_validated(hyperparameters, data, rows, features)


def _probe(job: Job, data: Manifest) -> Hyperparameters:
    asked = job.model_copy(update={"training_parameters": {}, "search_space": []})
    opening = automode.plan(preview.situation(asked, data), num_trials=2).opening
    probe = next(
        (one.values for one in opening if one.values.get("method") == "linear_probe"), None
    )
    if probe is None:
        raise UserError(
            "No network has pretrained weights here, and a first score needs them. Add some with "
            "automl weights add FILE, or start a search: it trains from scratch."
        )
    return resolve(probe)


def _some(data: Manifest, seed: int) -> Manifest:
    """The data, or a random choice of it that hardly changes when pictures are added."""
    used = data.samples[data.samples["split"].isin(["train", "validation"])]
    if len(used) <= MAX_PICTURES:
        return data
    kept = split.in_random_order(used, seed).index[:MAX_PICTURES]
    samples = data.samples.loc[data.samples.index.isin(kept)]
    return Manifest(samples, data.class_names, data.report, data.concerned)


def _features(
    hyperparameters: Hyperparameters, data: Manifest, progress: Counted
) -> tuple[dict[str, int], NDArray[np.float32]]:
    """Row of each picture by its path, and features (N, D); test pictures have none."""
    total = int(data.samples["split"].isin(["train", "validation"]).sum())

    def decoded(_: str, done: int, __: int) -> None:
        progress(done, 2 * total)  # each is read twice: decoded, and then by the network

    prepared = trial_data.prepare(data, [hyperparameters], progress=decoded)
    (pictures,) = prepared.values()
    network, built = _network(hyperparameters, data.class_names)
    side, size = hyperparameters.validation_crop_size, hyperparameters.validation_batch_size
    done = total

    def counted(batches: Iterator[Tensor]) -> Iterator[Tensor]:
        nonlocal done
        for batch in batches:
            done += len(batch)
            progress(done, 2 * total)
            yield batch

    # in the parts that trials have, so that a search finds them in the cache
    parts = [part for part in (pictures.train, pictures.validation) if len(part.labels)]
    found = []
    for part in parts:
        opened = trial_data.opened(part.pictures)
        batches = scored_batches(opened, side, batch_size=size, device=network.mean.device)
        seen = feature_cache.Seen(side)
        features = feature_cache.features(network, built, part.pictures, counted(batches), seen)
        found.append(features)
    paths = data.samples.set_index("id")["path"]
    ids = np.concatenate([part.sample_ids for part in parts])
    rows = {path: row for row, path in enumerate(paths.loc[ids].tolist())}
    return rows, np.concatenate(found)


def _network(
    hyperparameters: Hyperparameters, class_names: list[str]
) -> tuple[Normalised, BuiltModel]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    built = building.build(hyperparameters, class_names)
    network = Normalised(built.network, built.mean, built.std)
    return network.to(memory_format=torch.channels_last).to(device), built


def _cross_validated(
    hyperparameters: Hyperparameters,
    data: Manifest,
    rows: dict[str, int],
    features: NDArray[np.float32],
) -> FirstScore:
    samples = data.samples
    has_features = samples["path"].isin(rows)
    fitted = samples[has_features & ((samples["split"] == "train") | samples["fold"].notna())]
    folds = fitted["fold"].fillna(-1).to_numpy(np.int64)
    if not len(folds) or folds.max() < 0:
        raise UserError(
            "The pictures cannot be divided into folds: each class needs pictures of at least two "
            "contents or groups. Add pictures, or change the column of the groups."
        )
    labels, paths = fitted["label_index"].to_numpy(np.int64), fitted["path"].tolist()
    chosen = features[[rows[path] for path in paths]]
    found = cross_validated_probe.fit(chosen, labels, folds, len(data.class_names))
    scored = np.flatnonzero(folds >= 0)
    ids = fitted["id"].to_numpy(np.int64)
    return first_score.summary(
        Predictions(ids[scored], labels[scored], found.probabilities[scored]),
        data.class_names,
        [paths[row] for row in scored.tolist()],
        model_name=hyperparameters.model_name,
        side=hyperparameters.validation_crop_size,
        share=1 - 1 / (int(folds.max()) + 1),
    )


def _main() -> None:
    job = Job.from_yaml(sys.stdin.read())
    found = score(job, lambda done, total: print(done, total, flush=True))  # noqa: T201
    print(found.model_dump_json())  # noqa: T201


if __name__ == "__main__":
    try:
        _main()
    except UserError as error:
        sys.exit(str(error))
