"""The data of a trial: one array for all splits, on this machine and on others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from automl.dataset import manifest, pictures
from automl.jobs import fold_needs
from automl.jobs.compatibility import resolve
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.training import trial_data
from automl.training.batches import scored_batches
from automl.training.trial_data import TrialData, opened
from tests.small_training import TINY


def test_every_split_is_scored_as_a_prediction_is(shapes: Path) -> None:
    asked = resolve(TINY)
    made = manifest.build(Job(training_data=DataSource(path=shapes)))
    prepared = trial_data.prepare(made, [asked], progress=lambda *_: None)
    (data,) = prepared.values()
    device = torch.device("cpu")
    for split, labelled in (("train", data.train), ("validation", data.validation)):
        rows = made.samples[made.samples["split"] == split]
        assert labelled.sample_ids.tolist() == rows["id"].tolist()
        batches = scored_batches(opened(labelled.pictures), 32, batch_size=100, device=device)
        (found,) = batches
        sizes = {"resize_size": asked.validation_resize_size, "crop_size": 32}
        wanted = [pictures.load_preprocessed(Path(path), **sizes) for path in rows["path"]]
        assert (found.permute(0, 2, 3, 1) * 255).round().numpy().tolist() == [
            pixels.tolist() for pixels in wanted
        ]


def test_one_decode_serves_all_training_sizes(shapes: Path) -> None:
    given = {**TINY, "validation_crop_size": 32, "validation_resize_size": 40}
    asked = [resolve({**given, "training_crop_size": side}) for side in (24, 32, 48)]
    made = manifest.build(Job(training_data=DataSource(path=shapes)))
    prepared = trial_data.prepare(made, asked, progress=lambda *_: None)
    assert len(prepared) == 1


def test_each_training_picture_is_held_out_once_unless_it_is_the_last_of_its_class(
    tiny_data: TrialData,
) -> None:
    train = tiny_data.train
    turns = tiny_data.turns()
    held_out = np.concatenate([turn.validation.sample_ids for turn in turns])
    assert sorted(held_out) == train.sample_ids.tolist()
    for turn in turns:
        (number,) = set(turn.validation.folds % 5)
        is_of_train = np.isin(turn.train.sample_ids, train.sample_ids)
        assert number not in turn.train.folds[is_of_train] % 5
        fitted = {*turn.train.sample_ids, *turn.validation.sample_ids}
        assert fitted == set(range(60))
    rare = replace(train, labels=np.where(train.folds % 5 == 2, 1, 0))
    others = replace(tiny_data.validation, labels=np.zeros_like(tiny_data.validation.labels))
    turns = replace(tiny_data, train=rare, validation=others).turns()
    assert [set(turn.validation.labels) for turn in turns] == 4 * [{0}]
    given = replace(others, folds=np.full(len(others.labels), -1))
    assert replace(tiny_data, validation=given).turns() == []


def test_a_part_of_half_of_the_pictures_is_not_held_out(tiny_data: TrialData) -> None:
    folds = np.minimum(np.arange(len(tiny_data.train.labels)) // 6, 4)  # the last one is a group
    large = replace(tiny_data, train=replace(tiny_data.train, folds=folds))
    held_out = [len(turn.validation.labels) for turn in large.turns()]
    assert held_out == [6, 6, 6, 6]
    assert fold_needs.num_turns(folds.tolist(), len(folds)) == len(held_out)
