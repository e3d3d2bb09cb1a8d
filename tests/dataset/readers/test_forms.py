"""Recognition of forms, and confinement of archives and uploads to themselves."""

import contextlib
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.dataset.readers import columns, read
from automl.errors import DataError
from automl.host import home as places
from automl.jobs.data_source import DataSource

TABLE = "file_name,label\n1.png,cat\n2.png,dog\n"


def pack(folder: Path, name: str) -> Path:
    """The folder's content in an archive beside it, inside of one wrapping folder."""
    path = folder.parent / name
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, Path("top") / file.relative_to(folder))
    else:
        mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
        with tarfile.open(path, mode[path.suffix]) as archive:
            for file in files:
                archive.add(file, Path("top") / file.relative_to(folder))
    return path


def labels(path: Path, **options: str) -> list[tuple[str, str]]:
    listing = read(DataSource.model_validate({"path": path, **options})).pictures
    return list(zip(listing["label"], [Path(path).name for path in listing["path"]], strict=True))


@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz", "A.TAR.GZ"]
)
def test_an_archive_reads_like_its_folder(make_folder, name):
    folder = make_folder(cat=2, dog=1)
    path = pack(folder, name.lower())
    path = path.rename(path.with_name(name))
    assert labels(path) == labels(folder)
    assert columns(DataSource(path=path)) == []


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.csv", TABLE),
        ("metadata.csv", TABLE),
        ("whatever.csv", TABLE),
        ("a.tsv", TABLE.replace(",", "\t")),
        (
            "metadata.jsonl",
            '{"file_name": "1.png", "label": "cat"}\n{"file_name": "2.png", "label": "dog"}',
        ),
        ("b.jsonl", '{"image": "1.png", "label": "cat"}\n{"image": "2.png", "label": "dog"}'),
        ("c.json", '[{"image": "1.png", "label": "cat"}, {"image": "2.png", "label": "dog"}]'),
        ("MLTable", "paths: [{file: ./rows.csv}]\ntransformations: [read_delimited]"),
    ],
)
def test_an_archive_may_hold_a_table_and_its_pictures(written, make_picture, suffix, name, content):
    folder = written(name, content).parent
    if name == "MLTable":
        written("rows.csv", TABLE)
    for number in (1, 2):
        make_picture(folder / f"{number}.png", number)
    path = pack(folder, f"data{suffix}")
    listing = read(DataSource(path=path)).pictures
    assert listing["label"].tolist() == ["cat", "dog"]
    assert all(Path(picture).is_file() for picture in listing["path"])


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
@pytest.mark.parametrize("location", ["/etc/passwd", "../../1.png", "file:///etc/passwd"])
def test_a_table_in_an_archive_names_nothing_outside(written, suffix, location):
    folder = written("labels.csv", f"image,label\n{location},cat\n").parent
    path = pack(folder, f"data{suffix}")
    with pytest.raises(DataError, match=r"Row 2 of labels\.csv names a file outside of the data"):
        read(DataSource(path=path))


@pytest.mark.parametrize("where", ["/etc/passwd", "../../../secret.jsonl", "file:///etc/passwd"])
def test_an_mltable_in_an_archive_reads_nothing_outside(written, where):
    table = f"paths: [{{file: {where!r}}}]\ntransformations: [read_json_lines]"
    path = pack(written("MLTable", table).parent, "data.zip")
    with pytest.raises(DataError, match="names a file outside of the data"):
        read(DataSource(path=path))


def test_an_uploaded_table_names_nothing_outside_of_its_folder(written):
    path = written("labels.csv", "image,label\n/etc/passwd,cat\n")
    assert len(read(DataSource(path=path)).pictures) == 1
    folder = places.cache_dir("uploads") / "abc"
    folder.mkdir()
    upload = Path(shutil.copy(path, folder))
    with pytest.raises(DataError, match="outside of the data"):
        read(DataSource(path=upload))


def test_errors_name_the_archive_and_not_where_it_was_extracted_to(written, home):
    path = pack(written("labels.csv", "image,kind\n1.png,cat\n").parent, "data.zip")
    with pytest.raises(DataError) as caught:
        read(DataSource(path=path))
    assert str(caught.value).startswith(f"{path}/top/labels.csv has no column label")
    assert str(home) not in str(caught.value)


def test_a_file_of_no_known_form_is_refused_with_the_forms_there_are(written):
    with pytest.raises(DataError, match="in no form that is known.*zip or tar.*JSONL.*MLTable"):
        labels(written("a.7z", "x"))


@pytest.mark.parametrize("kind", ["zip", "tar", "csv", "jsonl", "parquet", "label_studio"])
def test_a_folder_is_no_file(make_folder, kind):
    with pytest.raises(DataError, match=f"is a folder, not a {kind} file"):
        labels(make_folder(cat=1), type=kind)


@pytest.mark.parametrize("kind", ["image_folder", "hf_imagefolder", "mltable"])
def test_a_file_is_no_folder(written, kind):
    with pytest.raises(DataError, match=f"not a folder, as {kind} is.*set type to zip or tar"):
        labels(written("a.zip", "x"), type=kind)


@pytest.mark.parametrize(("name", "kind"), [("a.zip", "zip"), ("a.tar", "tar"), ("a.tgz", "tar")])
def test_what_is_no_archive_is_refused(written, name, kind):
    with pytest.raises(DataError, match=f"is not a {kind} file that can be read"):
        labels(written(name, "hello"))


def test_the_given_type_outdoes_the_name(written):
    path = written("a.txt", TABLE)
    assert labels(path, type="csv") == [("cat", "1.png"), ("dog", "2.png")]


def test_an_image_folder_by_type_does_not_look_for_tables(make_folder):
    folder = make_folder(cat=1, dog=1)
    (folder / "labels.csv").write_text("file,label\ncat/0.png,bird\n")
    assert [label for label, _ in labels(folder)] == ["bird"]
    assert [label for label, _ in labels(folder, type="image_folder")] == ["cat", "dog"]


pieces = st.sampled_from(
    [
        TABLE,
        "image,label\n",
        "file_name",
        '"',
        ",",
        ";",
        "\n",
        "\r",
        "\t",
        "\0",
        "gs://b/1.png,cat\n",
    ]
    + ['{"image": ', '"1.png", "label": "cat"}', "[", "]", "{", "}", "null", "1e999", '"data": ']
    + ["paths:", " [{file: a.csv}]", "\ntransformations:", " [read_delimited]", "- ", "é", "PAR1"]
)
contents = st.lists(pieces, max_size=8).map(lambda parts: "".join(parts).encode())


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "MLTable", "metadata.csv"]
)
@settings(deadline=None)  # the first example imports every form
@given(content=contents | st.binary(max_size=60))
def test_whatever_a_file_holds_it_is_read_or_refused_with_a_sentence(name, content):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(content)
        for path in (Path(folder), Path(folder, name)):
            with contextlib.suppress(DataError):
                assert len(read(DataSource(path=path), download=False).pictures)
