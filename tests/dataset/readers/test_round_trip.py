"""A table written in any form reads back as the same rows."""

import csv
import json
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.dataset.readers import read
from automl.jobs.data_source import DataSource

Rows = list[tuple[str, str, str]]

letters = st.characters(blacklist_categories=["C", "Z"], blacklist_characters="\\")
words = st.text(letters | st.just(" "), min_size=1, max_size=12).map(str.strip).filter(bool)
names = words.filter(lambda name: "/" not in name and ":" not in name and name not in (".", ".."))


def is_list(label: str) -> bool:
    """Read as a list: `[]`, and `cat,` beside `cat`. Lists have tests of their own."""
    return label.startswith("[") or bool(set(label) & set(",;|"))


labels = words.filter(lambda label: not label.endswith(".0") and not is_list(label))
splits = st.sampled_from(["train", "validation", "test", ""])
tables = st.lists(
    st.tuples(names, labels, splits),
    min_size=1,
    max_size=6,
)


def write_csv(folder: Path, rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    path = folder / ("a.tsv" if delimiter == "\t" else "a.csv")
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([("image_url", "label", "split"), *rows])
    return path


def write_parquet(folder: Path, rows: Rows) -> Path:
    frame = pd.DataFrame(rows, columns=["image_url", "label", "split"])
    frame.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def write_jsonl(folder: Path, rows: Rows, *, image: str = "image_url", name: str = "a") -> Path:
    lines = [
        json.dumps({image: path, "label": label, "split": split}) for path, label, split in rows
    ]
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


def write_mltable(folder: Path, rows: Rows) -> Path:
    write_jsonl(folder, rows)
    table = {"paths": [{"file": "./a.jsonl"}], "transformations": ["read_json_lines"]}
    (folder / "MLTable").write_text(yaml.safe_dump(table))
    return folder


def write_hf_imagefolder(folder: Path, rows: Rows) -> Path:
    return write_jsonl(folder, rows, image="file_name", name="metadata").parent


def write_label_studio(folder: Path, rows: Rows) -> Path:
    tasks = [
        {
            "data": {"image": path, "split": split},
            "annotations": [
                {"result": [{"type": "choices", "from_name": "q", "value": {"choices": [label]}}]}
            ],
        }
        for path, label, split in rows
    ]
    (folder / "a.json").write_text(json.dumps(tasks))
    return folder / "a.json"


def write_semicolons(folder: Path, rows: Rows) -> Path:
    return write_csv(folder, rows, delimiter=";")


def write_tsv(folder: Path, rows: Rows) -> Path:
    return write_csv(folder, rows, delimiter="\t")


def write_utf16(folder: Path, rows: Rows) -> Path:
    return write_csv(folder, rows, encoding="utf-16")


@pytest.mark.parametrize(
    "write",
    [
        *(write_csv, write_semicolons, write_tsv, write_utf16, write_parquet, write_jsonl),
        *(write_mltable, write_hf_imagefolder, write_label_studio),
    ],
)
@settings(deadline=None)  # the first example imports every form
@given(rows=tables)
def test_every_form_reads_back_as_the_same_rows(write: Callable[[Path, Rows], Path], rows: Rows):
    with tempfile.TemporaryDirectory() as folder:
        listing = read(DataSource(path=write(Path(folder), rows))).pictures
        expected = {
            (str(Path(folder, path)), unicodedata.normalize("NFC", label), split)
            for path, label, split in rows
        }
    columns = (listing["path"], listing["label"], listing["split"].fillna(""))
    assert sorted(zip(*columns, strict=True)) == sorted(expected)
