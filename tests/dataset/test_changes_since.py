import os
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from automl.dataset import manifest
from automl.dataset.scan import changes_since
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job


@pytest.fixture
def samples(tmp_path: Path) -> pd.DataFrame:
    for label, shade in (("dark", 10), ("light", 200)):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(4):
            picture = Image.new("RGB", (16, 16), (shade + number, shade, 3 * number))
            picture.putpixel((number, 2), (99, shade, 9))
            picture.save(tmp_path / "data" / label / f"{number}.png")
    return manifest.look(Job(training_data=DataSource(path=tmp_path / "data"))).samples


def test_files_that_stay_the_same_are_not_spoken_of(samples: pd.DataFrame) -> None:
    os.utime(samples["path"][0])  # copied, say: another time, the same bytes
    assert changes_since(samples) == ""


def test_a_changed_and_a_vanished_file_are_named(samples: pd.DataFrame) -> None:
    Image.new("RGB", (16, 16), (1, 2, 3)).save(samples["path"][2])
    Path(samples["path"][5]).unlink()
    sentence = changes_since(samples)
    assert "1 changed and 1 gone, the first is " + samples["path"][2] in sentence


def test_a_change_that_keeps_size_and_length_is_noticed_by_its_time(samples: pd.DataFrame) -> None:
    path = Path(samples["path"][1])
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "1 changed, the first is " in changes_since(samples)
