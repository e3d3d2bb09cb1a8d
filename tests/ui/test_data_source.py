import io
import os

import pytest

from automl.errors import DataError
from automl.jobs.data_source import DataSource
from automl.ui import data_source


def test_an_upload_is_kept_once_under_its_own_name():
    first = data_source.save_upload(io.BytesIO(b"zip"), "My pets (1).zip")
    again = data_source.save_upload(io.BytesIO(b"zip"), "My pets (1).zip")
    assert first == again
    assert first.path.read_bytes() == b"zip"
    assert first.path.name == "my-pets-1.zip"


@pytest.mark.parametrize("name", ["pets.tar.gz", "pets.TGZ", "pets.tar"])
def test_an_uploaded_tar_keeps_its_ending(name):
    assert data_source.save_upload(io.BytesIO(b"tar"), name).path.name == name.lower()


def test_nobody_is_shown_where_an_upload_lies():
    path = data_source.save_upload(io.BytesIO(b"zip"), "pets.zip").path
    assert data_source.named(f"{path} is no archive.") == "pets.zip is no archive."
    assert data_source.named("/data/pets.zip") == "/data/pets.zip"


def test_an_upload_cannot_choose_where_it_goes(home):
    saved = data_source.save_upload(io.BytesIO(b"zip"), "../../etc/evil.zip")
    assert home in saved.path.parents


def test_the_sample_is_written_once():
    first = data_source.digits()
    assert data_source.is_digits(first)
    before = first.path.stat().st_mtime_ns
    assert data_source.digits() == first
    assert first.path.stat().st_mtime_ns == before


@pytest.mark.parametrize("text", ["pets", "~nobody-at-all/pets", "{}/none"])
def test_a_path_must_be_complete_and_exist(tmp_path, text):
    with pytest.raises(ValueError, match="There is no folder or file"):
        data_source.from_path(text.format(tmp_path))


def test_what_is_out_of_reach_is_not_told_to_be_there_or_not():
    for path in ("/etc", "/no/such/folder"):
        with pytest.raises(ValueError, match="is outside of the folders that this app may read"):
            data_source.from_path(path)


def test_quotes_and_spaces_around_a_pasted_path_are_dropped(tmp_path):
    assert data_source.from_path(f" '{tmp_path}' ").path == tmp_path


@pytest.mark.parametrize("folder", ["cat", "train/cat"])
def test_the_signature_changes_when_a_class_gets_a_file(tmp_path, folder):
    (tmp_path / folder).mkdir(parents=True)
    os.utime(tmp_path / folder, ns=(1, 1))
    before = data_source.signature(tmp_path)
    (tmp_path / folder / "a.png").touch()
    assert data_source.signature(tmp_path) != before


def test_the_next_free_name(tmp_path):
    data = DataSource(path=tmp_path / "My Pets.zip")
    assert data_source.free_name(data, set()) == "my-pets-1"
    assert data_source.free_name(data, {"my-pets-1", "my-pets-3"}) == "my-pets-2"


def test_a_further_part_of_a_download_is_noticed(tmp_path):
    first = tmp_path / "pets-part1.zip"
    first.touch()
    before = data_source.signature(first)
    (tmp_path / "notes.zip").touch()
    assert data_source.signature(first) == before
    (tmp_path / "pets-part2.zip").touch()
    assert data_source.signature(first) != before


def test_a_path_that_is_gone_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(DataError, match="There is no folder or file .*/gone any more. Choose it"):
        data_source.signature(tmp_path / "gone")
