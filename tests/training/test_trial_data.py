"""The data of a trial: one array for all splits, on this machine and on others."""

from pathlib import Path

import torch

from automl.dataset import manifest, pictures
from automl.jobs.compatibility import resolve
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.training import trial_data
from automl.training.batches import scored_batches
from automl.training.trial_data import opened
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
