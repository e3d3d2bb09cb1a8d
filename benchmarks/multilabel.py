"""Macro F1 of AutoMode on pictures with several labels, against a usual recipe in the same minutes.

    AUTOML_BENCHMARK_SETS=FOLDER python -m benchmarks.multilabel [--minutes 5] [--folds 5]
        [--network mobilenetv2_100] [--metric average_precision_score_weighted]

FOLDER has `cards_multilabel.tar`. In each fold a fifth of the pictures, dealt by iterative
stratification, is for the test. AutoMode is given the others and the minutes, ranks its trials by a
metric without a threshold, and what it hands out answers with its own thresholds. The recipe
fine-tunes all of a pretrained network by AdamW, its new head five times as fast as the rest, with a
cosine that ends with the minutes, random crops and flips. It keeps the epoch with the best macro F1
at a threshold of 0.5 on a fifth of its pictures, and answers from 0.5.
`benchmarks.several_labels` compares the two on frozen features alone, in seconds.
"""

import argparse
import math
import os
import tempfile
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torchvision.transforms import v2

from automl.dataset import label_sets, preprocessing
from automl.dataset.threads import map_in_threads
from automl.evaluation import metrics
from automl.evaluation.set_answers import SetAnswers
from automl.experiments import leaderboard, store
from automl.host.cores import usable_cores
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import blocks, building
from automl.model.network import Normalised
from automl.prediction.inference import Answer, Predictor
from benchmarks import automode, frozen_features, local_head, several_labels
from benchmarks.figures import Figures

_SIDE = 224
_BATCH = 16
_HEAD_RATE = 1e-3
_RATE = 2e-4
_FEWEST_EPOCHS = 10
"""Epochs below which the recipe was given too little time to compare it with anything."""

_Truth = NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.multilabel")
    parser.add_argument("--minutes", type=int, default=5, help="of AutoMode, and of the recipe")
    every = several_labels.NUM_FOLDS
    parser.add_argument("--folds", type=int, default=every, help=f"folds of the {every} to run")
    parser.add_argument("--metric", default="average_precision_score_weighted", help="of AutoMode")
    parser.add_argument("--network", default="mobilenetv2_100", help="that the recipe trains")
    asked = parser.parse_args()
    measured = Figures()
    tar = frozen_features.tar_of(several_labels.SET_NAME)
    if not tar.is_file():
        print(f"nothing is measured: {tar} is not there")
    else:
        with frozen_features.unpacked(tar) as folder:
            _measure(folder, asked, measured)
    measured.print_last_line()


def _measure(folder: Path, asked: argparse.Namespace, measured: Figures) -> None:
    pictures, truth, folds = several_labels.opened(folder)
    scores: dict[str, list[float]] = {}
    epochs: list[int] = []
    for fold in range(asked.folds):
        is_test = folds == fold
        table = _with_test(folder, pictures, is_test)
        found = _automode(table, pictures["path"][is_test], truth[is_test], asked)
        found["recipe"], num_epochs = _recipe(pictures["path"], truth, is_test, asked)
        epochs.append(num_epochs)
        for name, f1 in found.items():
            scores.setdefault(name, []).append(f1)
        print(f"fold {fold}: " + ", ".join(f"{name} {f1:.3f}" for name, f1 in found.items()))
    for name, of_folds in scores.items():
        measured.add(f"multilabel_{name}_macro_f1", fmean(of_folds))
    measured.add("multilabel_recipe_fewest_epochs", min(epochs), at_least=_FEWEST_EPOCHS)
    gain = fmean(scores["automode"]) - fmean(scores["recipe"])
    measured.add("multilabel_gain_over_recipe", gain, at_least=0.02)


def _with_test(folder: Path, pictures: pd.DataFrame, is_test: NDArray[np.bool_]) -> Path:
    """A table of the pictures that names the test pictures."""
    rows = {
        "image_url": pictures["path"],
        "label": pictures[label_sets.COLUMN],
        "split": np.where(is_test, "test", "train"),
    }
    path = folder / "pictures.jsonl"
    pd.DataFrame(rows).to_json(path, orient="records", lines=True)
    return path


def _automode(
    table: Path, test: pd.Series, truth: _Truth, asked: argparse.Namespace
) -> dict[str, float]:
    """Macro F1 of what is handed out, by its own thresholds and from 0.5."""
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as home:
        os.environ["AUTOML_HOME"] = home
        try:
            directory = automode.run(
                DataSource(path=table),
                asked.minutes,
                0,
                task=several_labels.TASK,
                primary_metric=asked.metric,
            )
        finally:
            local_head.stop()
        record, trials = store.load_experiment(directory), store.load_trials(directory)
        metric = store.load_job(directory).primary_metric
        best = leaderboard.best_trial_id(record, trials, metric)
        for trial in leaderboard.by_score(trials, metric):
            mark = " <- handed out" if trial.trial_id == best else ""
            print(f"    {automode.describe(record, trial, metric)}{mark}")
        model = Predictor(store.best_model_dir(directory))
        rows = [
            each.probabilities
            for each in model.answers([Path(path) for path in test])
            if isinstance(each, Answer)
        ]
    shares = np.stack(rows)
    return {
        "automode": _macro_f1(SetAnswers(shares, truth, model.thresholds)),
        "automode_from_half": _macro_f1(SetAnswers(shares, truth)),
    }


def _recipe(
    paths: pd.Series, truth: _Truth, is_test: NDArray[np.bool_], asked: argparse.Namespace
) -> tuple[float, int]:
    """Macro F1 of the epoch that is best on a fifth of the training pictures, and their number."""
    until = time.monotonic() + 60 * asked.minutes
    torch.manual_seed(0)
    torch.set_num_threads(usable_cores())
    resize = round(_SIDE * 256 / 224)
    decoded = map_in_threads(
        lambda path: preprocessing.load_preprocessed(
            Path(path), resize_size=resize, crop_size=resize
        ),
        paths.tolist(),
    )
    pixels = torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2)
    labels = torch.from_numpy(truth).float()
    given = torch.from_numpy(np.flatnonzero(~is_test))
    given = given[torch.randperm(len(given))]
    judged, fitted = given[: len(given) // 5], given[len(given) // 5 :]
    hyperparameters = Hyperparameters(model_name=asked.network, pretrained="required")
    built = building.build(hyperparameters, [str(number) for number in range(truth.shape[1])])
    network = Normalised(built.network, built.mean, built.std).to(memory_format=torch.channels_last)
    head = list(blocks.last_layer(built.network).parameters())
    others = [each for each in network.parameters() if not any(each is one for one in head)]
    optimizer = torch.optim.AdamW(
        [{"params": head, "lr": _HEAD_RATE}, {"params": others, "lr": _RATE}]
    )
    changed = v2.Compose([v2.RandomResizedCrop(_SIDE, antialias=True), v2.RandomHorizontalFlip()])
    best, f1, epochs = -1.0, math.nan, 0
    started = ended = time.monotonic()
    longest = 0.0

    def cosine(_: int) -> float:
        passed = (time.monotonic() - started) / (until - started)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, passed)))

    rates = LambdaLR(optimizer, cosine)
    while ended + longest < until:
        network.train()
        whole = len(fitted) // _BATCH * _BATCH  # the rest would be a batch of a few
        for batch in fitted[torch.randperm(len(fitted))[:whole]].split(_BATCH):
            inputs = torch.stack([changed(pixels[each]) for each in batch.tolist()]) / 255
            logits = network(inputs.contiguous(memory_format=torch.channels_last))
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(logits, labels[batch]).backward()
            optimizer.step()
            rates.step()
        epochs += 1
        of_judged = _macro_f1(SetAnswers(_shares(network, pixels[judged]), truth[judged.numpy()]))
        if of_judged > best:
            best = of_judged
            f1 = _macro_f1(SetAnswers(_shares(network, pixels[is_test]), truth[is_test]))
        before, ended = ended, time.monotonic()
        longest = max(longest, ended - before)
    print(f"    {asked.network}: {epochs} epochs, {best:.3f} on its validation pictures")
    return f1, epochs


def _shares(network: nn.Module, pixels: Tensor) -> NDArray[np.float32]:
    """Probabilities (N, K) for the centres of the pictures."""
    network.eval()
    centres = v2.functional.center_crop(pixels, [_SIDE, _SIDE])
    with torch.inference_mode():
        parts = [network(part / 255).sigmoid() for part in centres.split(_BATCH)]
    return torch.cat(parts).numpy()


def _macro_f1(answers: SetAnswers) -> float:
    return metrics.value("f1_score_macro", answers)


if __name__ == "__main__":
    main()
