"""Files that are not read are named for what they are, wherever they stand."""

import gzip
import json
import pickle
import struct
import zipfile

import pytest

from automl.dataset import file_kinds, manifest, readers
from automl.errors import DataError
from automl.jobs.data_source import DataSource

LOGIN = b"\n<!DOCTYPE html>\n<html><head><title>Sign in &ndash; Drive</title></head>"
# the framing of a record of 3 bytes, as TensorFlow writes it
TFRECORD = struct.pack("<Q", 3) + bytes.fromhex("b099490e") + b"abc" + b"\0\0\0\0"
KINDS = {
    "a.7z": (b"7z\xbc\xaf'\x1c\0\4" + bytes(64), "a 7z archive"),
    "a.rar": (b"Rar!\x1a\7\1\0" + bytes(64), "a RAR archive"),
    "a.zip.001": (b"PK\3\4" + bytes(64), "a piece of an archive"),
    "a.z01": (b"PK\7\10" + bytes(64), "a piece of an archive"),
    "a.part1.rar": (b"Rar!\x1a\7\1\0", "a piece of an archive"),
    "a.zst": (b"\x28\xb5\x2f\xfd" + bytes(64), "Zstandard"),
    "a.lz4": (b"\x04\x22\x4d\x18" + bytes(64), "LZ4"),
    "a.csv.gz": (gzip.compress(b"a,b"), "compressed with gzip"),
    "a.xz": (b"\xfd7zXZ\0" + bytes(64), "compressed with xz"),
    "a.zip.crdownload": (b"PK\3\4", "a download that is not complete"),
    "train.tfrecord": (TFRECORD, "a TFRecord file"),
    "train-00000-of-00002": (TFRECORD, "a TFRecord file"),
    "data.mdb": (bytes(16) + b"\xde\xc0\xef\xbe" + bytes(64), "an LMDB database"),
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
    "a.mat": (b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(64), "a MATLAB file"),
    "data_batch_1": (pickle.dumps({"data": b"x"}, 2), "a pickle of Python"),
    "a.rec": (b"\x0a\x23\xd7\xce" + bytes(64), "RecordIO"),
    "train-images-idx3-ubyte": (b"\0\0\x08\3" + struct.pack(">3I", 1, 2, 2) + b"abcd", "MNIST"),
    "train-images-idx3-ubyte.gz": (gzip.compress(b"a"), "a compressed array .* MNIST"),
    "data_batch_1.bin": (bytes(2 * 3073), "the binary format of CIFAR"),
    "a.nef": (b"MM\0*" + bytes(64), "a raw picture of a camera"),
    "a.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64), "a JPEG 2000 picture"),
    "a.svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG"),
    "a.exr": (b"\x76\x2f\x31\x01" + bytes(64), "an OpenEXR picture"),
    "a.nii": (bytes(344) + b"n+1\0", "a NIfTI volume"),
    "a.bin": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "Git LFS"),
    "a": (LOGIN, r"a web page \('Sign in \\u2013 Drive'\)"),
    "b": (json.dumps({"error": {"message": "no access"}}).encode(), "a server .'no access'"),
    "empty": (b"", "empty"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_given(tmp_path, name):
    content, what = KINDS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"is in no form that is read\. It is .*{what}.*\. [A-Z]"):
        readers.read(DataSource(path=tmp_path / name))


@pytest.mark.parametrize("name", [name for name in KINDS if name not in ("a", "b", "empty")])
def test_a_file_in_place_of_pictures(tmp_path, name):
    content, what = KINDS[name]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"no pictures in .*{name}: It is .*{what}"):
        readers.read(DataSource(path=tmp_path))


def test_files_beside_pictures_are_named_by_their_kind(make_folder):
    folder = make_folder(cat=1, dog=1)
    for number in (1, 2, 3):
        (folder / f"more-{number}.tfrecord").write_bytes(TFRECORD)
    (folder / "README.pdf").write_bytes(b"%PDF-1.5")
    zipfile.ZipFile(folder / "rest.zip", "w").close()
    report = manifest.inspect(DataSource(path=folder)).report
    (finding,) = [finding for finding in report.findings if finding.kind == "unread_files"]
    assert "more-1.tfrecord (2 more of its kind): It is a TFRecord file." in finding.message
    assert "rest.zip: It is an archive beside pictures" in finding.message
    assert "PDF" not in finding.message


@pytest.mark.parametrize(
    "content", [LOGIN, b'{"message": "gone"}', b"quota exceeded", b"", TFRECORD]
)
@pytest.mark.parametrize("name", ["data.zip", "data.tar.gz"])
def test_what_was_saved_in_place_of_an_archive(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    what = file_kinds.in_place_of_a_file(content, len(content)).what
    with pytest.raises(DataError) as caught:
        readers.read(DataSource(path=tmp_path / name))
    assert f" file that can be read. It is {what}. " in str(caught.value)


def test_labels_in_a_file_that_is_not_read(tmp_path, make_picture):
    make_picture(tmp_path / "jpg" / "image_1.jpg")
    (tmp_path / "imagelabels.mat").write_bytes(KINDS["a.mat"][0])
    with pytest.raises(DataError, match=r"but in jpg\. .* imagelabels\.mat: It is a MATLAB file"):
        readers.read(DataSource(path=tmp_path))


def test_the_last_piece_of_a_zip_file(tmp_path):
    (tmp_path / "a.z01").write_bytes(b"PK\7\10")
    (tmp_path / "a.zip").write_bytes(b"rest")
    with pytest.raises(DataError, match="Unpack all pieces together"):
        readers.read(DataSource(path=tmp_path / "a.zip"))


def test_what_was_saved_in_place_of_a_picture(make_folder):
    folder = make_folder(cat=2, dog=2)
    (folder / "cat" / "0.png").write_bytes(LOGIN)
    (folder / "dog" / "0.png").write_bytes(KINDS["a.bin"][0])
    problems = manifest.inspect(DataSource(path=folder)).samples["problem"].dropna().tolist()
    assert [problem.partition(" in place of the file. ")[0] for problem in problems] == [
        r"It is a web page ('Sign in \u2013 Drive')",
        "It is a pointer of Git LFS",
    ]


def test_a_table_that_is_a_pointer_of_git_lfs(tmp_path):
    (tmp_path / "train.parquet").write_bytes(KINDS["a.bin"][0])
    with pytest.raises(DataError, match="Run git lfs pull"):
        readers.read(DataSource(path=tmp_path / "train.parquet"))
