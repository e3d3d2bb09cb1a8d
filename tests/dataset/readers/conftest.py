from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automl.dataset import readers
from automl.jobs.data_source import DataSource

Row = tuple[str, str, str | None]


@pytest.fixture
def listed() -> Callable[..., list[Row]]:
    """(path below the folder of the data, label, split) of each row."""

    def rows(path: Path, *, target: str = "label", below: Path | None = None, **options: Any):
        source = DataSource.model_validate({"path": path, **options})
        listing = readers.read(source, target_column_name=target).pictures
        root = below or (path if path.is_dir() else path.parent)
        paths = [str(Path(found).relative_to(root)) for found in listing["path"]]
        split = listing["split"].astype(object).where(listing["split"].notna(), None)
        return list(zip(paths, listing["label"], split, strict=True))

    return rows


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into the folder of the data; text is UTF-8."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
