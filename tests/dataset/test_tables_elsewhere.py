"""Tables at addresses, whose pictures lie beside them, inside of them, or at addresses."""

import zipfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import ValidationError

from automl.dataset import data_roots, downloads, readers
from automl.errors import DataError
from automl.jobs import addresses, job_file
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job

CSV = "image,label\n1.png,cat\nsub/a b.png,dog\n"


@pytest.fixture
def bucket():
    """A bucket in memory, which fsspec reads."""
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/bucket", recursive=True)


def read(address: str) -> list[tuple[str, str]]:
    """Label and name of each picture that could be had."""
    rows = readers.read(DataSource.model_validate({"path": address})).pictures
    if "problem" in rows:  # not of class folders
        rows = rows[rows["problem"].isna()]
    return [
        (label, Path(path).name) for label, path in zip(rows["label"], rows["path"], strict=True)
    ]


def test_pictures_beside_a_table_in_a_bucket(bucket):
    for name in ("1.png", "sub/a b.png"):
        bucket.pipe(f"/bucket/set/{name}", b"x")
    bucket.pipe("/bucket/set/labels.csv", CSV.encode())
    assert read("memory://bucket/set/labels.csv") == [("cat", "1.png"), ("dog", "a_b.png")]
    bucket.pipe("/bucket/set/labels.csv", b"image,label\nmemory://bucket/set/1.png,pug\n")
    assert read("memory://bucket/set/labels.csv") == [("pug", "1.png")]


def test_pictures_inside_of_a_table_in_a_bucket(bucket, make_picture, tmp_path):
    content = make_picture(tmp_path / "a.png").read_bytes()
    table = pa.table({"image": [content, content], "label": ["cat", "dog"]})
    pq.write_table(table, tmp_path / "a.parquet")
    bucket.pipe("/bucket/a.parquet", (tmp_path / "a.parquet").read_bytes())
    assert [label for label, _ in read("memory://bucket/a.parquet")] == ["cat", "dog"]


def test_a_folder_in_a_bucket_is_read_as_one_here(bucket, make_picture, tmp_path):
    content = make_picture(tmp_path / "a.png").read_bytes()
    for name in ("cat/1.png", "cat/2.png", "dog/a b.png"):
        bucket.pipe(f"/bucket/pets/{name}", content)
    found = read("memory://bucket/pets")
    assert found == [("cat", "1.png"), ("cat", "2.png"), ("dog", "a b.png")]
    bucket.pipe("/bucket/pets/dog/new.png", content)
    assert ("dog", "new.png") in read("memory://bucket/pets/")


def test_a_folder_in_a_bucket_may_be_an_mltable_or_an_archive(bucket, make_picture, tmp_path):
    content = make_picture(tmp_path / "a.png").read_bytes()
    mltable = {"paths": [{"file": "rows.jsonl"}], "transformations": [{"read_json_lines": None}]}
    bucket.pipe("/bucket/t/MLTable", yaml.safe_dump(mltable).encode())
    bucket.pipe("/bucket/t/rows.jsonl", b'{"image_url": "p/1.png", "label": "cat"}\n')
    bucket.pipe("/bucket/t/p/1.png", content)
    assert read("memory://bucket/t") == [("cat", "1.png")]
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        archive.writestr("cat/1.png", content)
        archive.writestr("dog/2.png", content)
    bucket.pipe("/bucket/pets.zip", (tmp_path / "pets.zip").read_bytes())
    assert read("memory://bucket/pets.zip") == [("cat", "1.png"), ("dog", "2.png")]


def test_a_table_in_a_folder_of_a_bucket_names_nothing_of_this_machine(
    bucket, make_picture, tmp_path
):
    secret = make_picture(tmp_path / "secret.png")
    bucket.pipe("/bucket/set/labels.csv", f"image,label\n1.png,cat\n{secret},dog\n".encode())
    bucket.pipe("/bucket/set/1.png", secret.read_bytes())
    with pytest.raises(DataError, match=r"^Row 3 of labels\.csv names a file outside of the data"):
        read("memory://bucket/set")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("memory://bucket/nothing", "memory://bucket/nothing holds no files. Check the address."),
        ("az://container/pets", "takes the package adlfs, which is not installed"),
    ],
)
def test_a_folder_that_cannot_be_had_is_a_sentence(bucket, address, words):
    bucket.pipe("/bucket/a.png", b"x")
    with pytest.raises(DataError, match=words):
        read(address)


@pytest.mark.usefixtures("private_allowed")
def test_pictures_beside_a_table_on_a_server(website):
    website.files["/set/labels.csv?key=1"] = CSV.encode()
    website.files["/set/1.png?key=1"] = website.files["/set/sub/a%20b.png?key=1"] = b"x"
    address = f"{website.url}/set/labels.csv?key=1"
    assert read(address) == [("cat", "1.png"), ("dog", "a_b.png")]


def test_a_server_in_a_private_network_is_not_asked(website):
    with pytest.raises(DataError, match="private"):
        read(f"{website.url}/labels.csv")
    assert website.asked == []


@pytest.mark.usefixtures("private_allowed")
@pytest.mark.parametrize("cell", ["file:///etc/passwd", "s3://other/1.png", "gs://other/1.png"])
def test_a_table_elsewhere_reads_nothing_with_the_rights_of_this_machine(website, cell):
    website.files["/labels.csv"] = f"image,label\n{cell},cat\n".encode()
    with pytest.raises(DataError, match=r"outside of the data|with the rights of this machine"):
        read(f"{website.url}/labels.csv")


@pytest.mark.parametrize("cell", ["/etc/passwd", "../../../etc/passwd"])
def test_paths_of_another_machine_mean_pictures_beside_the_table(bucket, cell):
    bucket.pipe("/bucket/set/labels.csv", f"image,label\n{cell},cat\n".encode())
    listing = readers.read(DataSource(path="memory://bucket/set/labels.csv")).pictures
    assert "could not be downloaded" in listing["problem"][0]


def test_what_cannot_be_had_is_a_sentence(bucket):
    bucket.pipe("/bucket/x", b"")
    with pytest.raises(DataError, match=r"memory://bucket/no.csv .*Check the address"):
        read("memory://bucket/no.csv")
    bucket.pipe("/bucket/x.csv", b"")
    with pytest.raises(DataError, match="^memory://bucket/x.csv is empty"):
        read("memory://bucket/x.csv")
    with pytest.raises(DataError, match="pip install s3fs"):
        downloads.fetch_table("s3://bucket/labels.csv")


def test_a_job_keeps_the_address(tmp_path):
    address = "https://example.org/a/labels.csv"
    job = Job.from_dict({"training_data": {"path": address}}, base_dir=tmp_path)
    assert (job.training_data.location, addresses.of(job.training_data.path)) == (address, address)
    assert yaml.safe_load(job.to_yaml())["training_data"]["path"] == address
    assert job_file.load(Path(address)).training_data.location == address
    with pytest.raises(ValidationError, match=r"address may be given of a table, ending in \.csv"):
        DataSource.model_validate({"path": "https://example.org/folder"})


def test_the_app_reads_no_bucket():
    data_roots.check(Path("https://example.org/labels.csv"))
    with pytest.raises(DataError, match="rights of this machine"):
        data_roots.check(Path("s3://bucket/labels.csv"))
