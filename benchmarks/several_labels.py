"""Macro F1 on pictures with several labels, AutoMode's way against a usual recipe, in five folds.

`AUTOML_BENCHMARK_SETS=FOLDER python -m benchmarks.several_labels [NETWORK ...]`, with the folder of
`cards_multilabel.tar`. Both see the same frozen features. The recipe trains a linear head on those
of the first network, keeps the epoch with the best F1 at a threshold of 0.5 on a fifth of its
pictures, and predicts from 0.5. AutoMode's way is a logistic regression for each label, its
strength and its thresholds chosen by cross-validation on the same pictures: of each network, of
all side by side, the mean of these, and of all side by side with the features of all their stages.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from automl.dataset import iterative_stratification, label_sets, manifest
from automl.evaluation import metrics, thresholds
from automl.evaluation.set_answers import SetAnswers
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.model import building, cross_validated_probe, linear_head
from benchmarks import frozen_features
from benchmarks.figures import Figures

SET_NAME = "cards_multilabel"
TASK = "image_classification_multilabel"
NUM_FOLDS = 5
_SIDE = 224
_EPOCHS = 40

_Truth = NDArray[Any]
_Features = NDArray[np.float32]
_Shares = NDArray[np.float32]


def main(networks: list[str]) -> None:
    measured = Figures()
    tar = frozen_features.tar_of(SET_NAME)
    if not tar.is_file():
        print(f"nothing is measured: {tar} is not there")
    else:
        _measure(tar, networks or list(frozen_features.NETWORKS), measured)
    measured.print_last_line()


def _measure(tar: Path, networks: list[str], measured: Figures) -> None:
    with frozen_features.unpacked(tar) as folder:
        samples, truth, folds = opened(folder)
        paths = samples["path"].tolist()
        staged = [
            frozen_features.of_pictures(network, paths, _SIDE, has_stages=True)
            for network in networks
        ]
    widths = [_num_last(network) for network in networks]
    features = [each[:, :width] for each, width in zip(staged, widths, strict=True)]
    is_spare = np.concatenate(
        [np.arange(each.shape[1]) < width for each, width in zip(staged, widths, strict=True)]
    )
    of_stages = np.concatenate(staged, axis=1)
    scores: dict[str, list[float]] = {}
    for fold in range(NUM_FOLDS):
        asked = folds == fold
        found = {"recipe": _recipe(features[0][~asked], truth[~asked], features[0][asked])}
        inner = _inner(folds, fold)
        found |= _automode(features, truth, asked, inner)
        own, answers = _probe(of_stages, truth, asked, inner, is_spare)
        found["all_stages"] = answers >= thresholds.by_label(own, truth[~asked])
        for name, predicted in found.items():
            scores.setdefault(name, []).append(_macro_f1(predicted, truth[asked]))
    for name, of_folds in scores.items():
        listed = " ".join(f"{each:.3f}" for each in of_folds)
        print(f"{name:24} {np.mean(of_folds):.4f}  {listed}", flush=True)
        measured.add(f"several_labels_{name}_macro_f1", float(np.mean(of_folds)))
    gain = float(np.mean(scores["mean"]) - np.mean(scores["recipe"]))
    measured.add("several_labels_gain_over_recipe", gain, at_least=0.02)


def opened(folder: Path) -> tuple[pd.DataFrame, _Truth, NDArray[np.int64]]:
    """The pictures, their labels (N, K) and their folds (N,) by iterative stratification."""
    source = {"path": folder / "labels.csv", "split_column": "never"}
    data = manifest.build(
        Job.from_dict({"task": TASK, "primary_metric": "iou", "training_data": source})
    )
    samples = data.readable
    truth = label_sets.truth(samples, data.class_names)
    folds = iterative_stratification.folds(samples, NUM_FOLDS, seed=0)
    return samples, truth, folds.to_numpy(np.int64)


def _inner(folds: NDArray[np.int64], held_out: int) -> NDArray[np.int64]:
    """The other folds, numbered from 0, for the pictures that are not held out."""
    others = folds[folds != held_out]
    return np.asarray(others - (others > held_out), np.int64)


def _automode(
    features: list[_Features], truth: _Truth, asked: NDArray[np.bool_], folds: NDArray[np.int64]
) -> dict[str, _Truth]:
    """Predictions of each probe, and of their mean, for the pictures that are asked about."""
    every = [*features, np.concatenate(features, axis=1)]
    names = [*(f"network_{number}" for number in range(len(features))), "side_by_side"]
    pairs = [_probe(each, truth, asked, folds) for each in every]
    pairs.append(
        (np.mean([own for own, _ in pairs], axis=0), np.mean([a for _, a in pairs], axis=0))
    )
    return {
        name: answers >= thresholds.by_label(own, truth[~asked])
        for name, (own, answers) in zip([*names, "mean"], pairs, strict=True)
    }


def _num_last(network: str) -> int:
    """Number of features before the last layer of a network."""
    built = building.build(Hyperparameters(model_name=network, pretrained="never"), ["a", "b"])
    return linear_head.of(built.network).weight[0].numel()


def _probe(
    features: _Features,
    truth: _Truth,
    asked: NDArray[np.bool_],
    folds: NDArray[np.int64],
    is_spare: NDArray[np.bool_] | None = None,
) -> tuple[_Shares, _Shares]:
    """Out-of-fold probabilities of the fitted pictures, and those of the others."""
    found = cross_validated_probe.fit(
        features[~asked], truth[~asked], folds, truth.shape[1], is_spare=is_spare
    )
    return found.probabilities, found.probe.of_labels(features[asked])


def _recipe(features: _Features, truth: _Truth, asked: _Features) -> _Truth:
    """A linear head by AdamW, of the epoch with the best F1 at 0.5 on a fifth of the pictures."""
    torch.manual_seed(0)
    mean, scale = features.mean(axis=0), features.std(axis=0).clip(1e-6)
    given, others = (torch.from_numpy((each - mean) / scale) for each in (features, asked))
    targets = torch.from_numpy(truth).float()
    order = torch.randperm(len(given))
    held_out, fitted = order[: len(given) // 5], order[len(given) // 5 :]
    head = nn.Linear(given.shape[1], targets.shape[1])
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3)
    best, predicted = -1.0, np.zeros((len(asked), truth.shape[1]), bool)
    for _ in range(_EPOCHS):
        for batch in fitted[torch.randperm(len(fitted))].split(32):
            optimizer.zero_grad()
            logits = head(given[batch])
            nn.functional.binary_cross_entropy_with_logits(logits, targets[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            f1 = _macro_f1((head(given[held_out]) >= 0).numpy(), truth[held_out.numpy()])
            if f1 > best:
                best, predicted = f1, (head(others) >= 0).numpy()
    return predicted


def _macro_f1(predicted: NDArray[Any], truth: _Truth) -> float:
    return metrics.value("f1_score_macro", SetAnswers(predicted.astype(np.float64), truth))


if __name__ == "__main__":
    main(sys.argv[1:])
