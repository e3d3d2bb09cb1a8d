"""The examples of docs/data.md are read as it says, and there is one for each form."""

import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl.dataset import readers
from automl.dataset.readers import forms
from automl.dataset.readers.form import ClassFolders, Folder
from automl.jobs.data_source import DataSource

DOCUMENT = Path(__file__).parents[2] / "docs" / "data.md"
TITLE = "## An example of each form"
BLOCK = re.compile(r"^`(\w+)`([^\n]*)\n\n```(text|python)\n(.*?)```", re.MULTILINE | re.DOTALL)
EXAMPLES = BLOCK.findall(DOCUMENT.read_text().partition(TITLE)[2])


def photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


KNOWN = {
    **{"np": np, "pa": pa, "pq": pq, "openpyxl": openpyxl, "json": json},
    **{"tarfile": tarfile, "zipfile": zipfile, "Path": Path, "photo": photo},
}
"""Names that the examples in Python may use."""


def write(example: str) -> list[Path]:
    """Write the files of an example in text; their paths."""
    content: dict[str, list[str]] = {}
    for line in example.splitlines():
        if line.startswith("    "):
            content[next(reversed(content))].append(line.removeprefix("    "))
        elif not line.startswith("=>"):
            content[line] = []
    for name, lines in content.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes("\n".join(lines).encode() if lines else photo())
    return [Path(name) for name in content]


def read(path: Path, folder: Path, **options: str) -> list[str]:
    rows = readers.read(DataSource.model_validate({"path": path, **options})).pictures
    split = rows["split"].astype(object).where(rows["split"].notna(), "")
    lines = zip(rows["path"], rows["label"], split, strict=True)
    return sorted(f"{Path(p).relative_to(folder)} {label} {s}".strip() for p, label, s in lines)


@pytest.mark.parametrize(
    ("name", "example"),
    [pytest.param(name, text, id=name) for name, _, kind, text in EXAMPLES if kind == "text"],
)
def test_an_example_in_text_is_read(name, example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = write(example)[0]
    lines = example.splitlines()
    expected = sorted(line.removeprefix("=> ") for line in lines if line.startswith("=>"))
    assert read(tmp_path, tmp_path) == expected
    is_folder = isinstance(forms.by_name()[name], Folder | ClassFolders)
    assert read(tmp_path if is_folder else tmp_path / first, tmp_path, type=name) == expected


@pytest.mark.parametrize(
    ("name", "example"),
    [pytest.param(name, text, id=name) for name, _, kind, text in EXAMPLES if kind == "python"],
)
def test_an_example_in_python_is_read(name, example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(example, dict(KNOWN))
    expected = example.partition("# => ")[2].strip().split(", ")
    is_folder = isinstance(forms.by_name()[name], Folder)
    file = next((path for path in sorted(tmp_path.iterdir()) if path.name[:5] == "pets."), tmp_path)
    for options in ({}, {"type": name}):
        source = {"path": tmp_path if is_folder else file, **options}
        rows = readers.read(DataSource.model_validate(source)).pictures
        assert rows["label"].tolist() == expected


def test_every_form_has_an_example():
    assert {name for name, *_ in EXAMPLES} == set(forms.by_name())
