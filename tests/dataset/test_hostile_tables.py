"""Tables and arrays that mean harm: small files that become large. docs/security.md lists them."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import openpyxl
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.dataset import archive_copies, contained, picture_location, readers
from automl.jobs.data_source import DataSource

SECONDS, GROWTH = 30, 500 * 1000**2
PAGE = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.fixture(autouse=True)
def in_reasonable_time_and_memory() -> Iterator[None]:
    process, started = psutil.Process(), time.process_time()
    before = process.memory_info().rss
    yield
    assert time.process_time() - started < SECONDS
    assert process.memory_info().rss - before < GROWTH


def workbook(path: Path, change: Callable[[str], str]) -> Path:
    """A workbook whose sheet is changed as XML."""
    book = openpyxl.Workbook()
    book.active.append(["image", "label"])
    book.active.append(["a.png", "cat"])
    content = io.BytesIO()
    book.save(content)
    with (
        zipfile.ZipFile(content) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, change(text) if name.endswith("sheet1.xml") else text)
    return path


def with_row(row: str) -> Callable[[str], str]:
    return lambda text: text.replace("</sheetData>", f"{row}</sheetData>")


def with_entity(declared: str) -> Callable[[str], str]:
    """The document with a declaration and an entity `x` in a cell."""
    cell = '<row r="3"><c r="A3" t="inlineStr"><is><t>&x;</t></is></c></row>'
    return lambda text: with_row(cell)(text).replace("<worksheet", f"{declared}<worksheet", 1)


LAUGHS = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
WORKBOOKS: dict[str, tuple[Callable[[str], str], str]] = {
    "a workbook with a cell in its last row and column": (
        with_row('<row r="9999999999"><c r="XFD9999999999"><v>1</v></c></row>'),
        "has more than 1,048,576 rows",
    ),
    "a workbook of 17 billion empty cells": (
        with_row("".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(3, 2000))),
        "or 20,000,000 cells",
    ),
    "a workbook that unpacks to gigabytes": (
        with_row(" " * 400_000_000),
        "unpacks to 400 MB, and at most 300 MB are read",
    ),
    "an entity bomb in a workbook": (
        with_entity(f'<!DOCTYPE x [<!ENTITY x0 "ha">{LAUGHS}<!ENTITY x "&x9;">]>'),
        "is not an Excel file that can be read",
    ),
    "a workbook that includes a file": (
        with_entity('<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "is not an Excel file that can be read",
    ),
    "a workbook that is no XML": (
        lambda _: "<worksheet><",
        "is not an Excel file that can be read",
    ),
}


def refused(path: Path, answer: str) -> None:
    with pytest.raises(ValueError, match=answer) as caught:
        readers.read(DataSource(path=path))
    assert len(str(caught.value)) < 1000
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", WORKBOOKS)
def test_workbooks(case: str, tmp_path: Path) -> None:
    change, answer = WORKBOOKS[case]
    refused(workbook(tmp_path / "labels.xlsx", change), answer)


def test_a_workbook_that_claims_a_size_is_read_as_it_is(tmp_path: Path) -> None:
    """Excel counts formatted cells far below the table."""
    (tmp_path / "a.png").write_bytes(b"x")
    path = workbook(
        tmp_path / "labels.xlsx",
        lambda text: text.replace('ref="A1:B2"', 'ref="A1:XFD1048576"'),
    )
    assert readers.read(DataSource(path=path)).pictures["label"].tolist() == ["cat"]


def directory_of(size: int) -> bytes:
    """A zip file with a list of entries of so many bytes, as its last record says."""
    return b"PK\5\6" + bytes(8) + size.to_bytes(4, "little") + bytes(6)


@pytest.mark.parametrize("name", ["labels.xlsx", "set.npz"])
def test_a_directory_of_gigabytes(name: str, tmp_path: Path) -> None:
    """A workbook or arrays with a list of millions of entries."""
    (tmp_path / name).write_bytes(directory_of(2_000_000_000))
    refused(tmp_path / name, "a list of its entries of 2,000 MB")
    copy = tmp_path / f"copy of {name}"
    copy.write_bytes((tmp_path / name).read_bytes() + b" ")
    assert archive_copies.without_copies(tmp_path, [name, copy.name])[1] == {}


def repeated(size: int, rows: int) -> pa.DictionaryArray:
    """A long value that every row refers to."""
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array([size * b"x"])
    )


@pytest.mark.parametrize("says_so", [True, False])
def test_a_table_that_grows_without_bound(says_so: bool, tmp_path: Path) -> None:
    """A Parquet table with a long text in every row that it holds once."""
    texts = repeated(100_000, 500_000).cast(pa.dictionary(pa.int32(), pa.string()))
    images = pa.array(["1.png"] * 500_000)
    table = pa.table({"image": images, "label": texts})
    pq.write_table(table, tmp_path / "a.parquet", store_schema=says_so)
    refused(tmp_path / "a.parquet", "unpacks to more than 400 MB")


def test_pictures_that_grow_without_bound(tmp_path: Path) -> None:
    """A Parquet table with a large picture in every row that it holds once."""
    path = tmp_path / "a.parquet"
    table = pa.table({"image": repeated(1_000_000, 5_000), "label": ["a"] * 5_000})
    pq.write_table(table, path, store_schema=False)
    with (
        pytest.raises(ValueError, match="would unpack to more than 200 times its size"),
        picture_location.opened(f"{path}::image/4999"),
    ):
        pass


def test_arrays_of_python_objects(tmp_path: Path) -> None:
    """Pickled labels in an .npz file."""

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    np.savez(
        tmp_path / "set.npz",
        images=np.zeros((2, 4, 4), np.uint8),
        labels=np.array([Evil(), Evil()], dtype=object),
    )
    refused(tmp_path / "set.npz", "holds Python objects")
    assert list(contained.locations(tmp_path / "set.npz"))
    assert not (tmp_path / "ran").exists()


def test_the_documentation_lists_these_cases() -> None:
    text = PAGE.read_text("utf-8")
    single = [
        function.__doc__.rstrip(".")
        for name, function in globals().items()
        if name.startswith("test_a") or name.startswith("test_pictures")
        if function.__doc__ and not function.__doc__.startswith("Excel")
    ]
    for case in (*WORKBOOKS, *(doc[0].lower() + doc[1:] for doc in single)):
        assert f"| {case} |" in text, case
