from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image


@pytest.fixture
def make_picture() -> Callable[..., Path]:
    """Write a picture of noise; the same number gives the same bytes."""

    def make(path: Path, number: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
        noise = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise).save(path)
        return path

    return make


@pytest.fixture
def make_folder(tmp_path: Path, make_picture: Callable[..., Path]) -> Callable[..., Path]:
    """An image folder with so many different pictures in each sub-folder."""

    def make(name: str = "data", **counts: int) -> Path:
        numbers = iter(range(10_000))
        for folder, count in counts.items():
            for index in range(count):
                place = tmp_path / name / folder.replace("__", "/") / f"{index}.png"
                make_picture(place, next(numbers))
        return tmp_path / name

    return make


@pytest.fixture
def make_samples() -> Callable[..., pd.DataFrame]:
    """Scanned samples that exist on paper only, from (label, content, split, problem) rows."""

    def make(*rows: tuple[str, str, str | None, str | None]) -> pd.DataFrame:
        samples = pd.DataFrame(rows, columns=["label", "content_hash", "split", "problem"])
        paths = [f"/data/{label}/{number}.png" for number, label in enumerate(samples["label"])]
        return samples.assign(path=paths, id=range(len(samples))).astype(
            {"split": "str", "problem": "str"}
        )

    return make
