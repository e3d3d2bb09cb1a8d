import os
from pathlib import Path

import pytest

from automl.dataset import data_roots
from automl.jobs.job import Job

OUTSIDE = "is outside of the folders that this app may read"


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(folder))
    return folder


def test_without_the_setting_the_home_and_the_working_directory_are_read(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOML_DATA_ROOTS")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    data_roots.check(tmp_path / "me" / "pets")
    data_roots.check(tmp_path / "work" / "pets")
    with pytest.raises(ValueError, match=OUTSIDE):
        data_roots.check(tmp_path / "pets")


def test_the_setting_holds_several_folders_and_replaces_the_others(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_DATA_ROOTS", os.pathsep.join(["/data/one", "/data/two"]))
    data_roots.check(Path("/data/two/pets"))
    for path in (Path.home() / "pets", Path("/data/twofold"), tmp_path):
        with pytest.raises(ValueError, match=f"{path}.*/data/one, /data/two.*--data-root"):
            data_roots.check(path)


@pytest.mark.parametrize("way_out", ["../outside", "link", "link/pets", "\0"])
def test_no_way_leads_out(root, way_out):
    (root / "link").symlink_to(root.parent)
    with pytest.raises(ValueError, match=OUTSIDE):
        data_roots.check(root / way_out)


def test_a_root_may_itself_be_a_link(root, monkeypatch):
    link = root.parent / "link"
    link.symlink_to(root)
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(link))
    data_roots.check(link / "pets")
    data_roots.check(root / "pets")


@pytest.mark.usefixtures("root")
def test_what_the_app_itself_put_away_is_within_reach(home):
    data_roots.check(home / "samples" / "digits")
    data_roots.check(home / "cache" / "uploads" / "abc" / "pets.zip")
    with pytest.raises(ValueError, match=OUTSIDE):
        data_roots.check(home / "experiments")


def test_what_is_hidden_and_our_own_folder_are_out_of_reach(home, monkeypatch):
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(home.parent))
    for path in (".ssh/id_rsa", "pets/.git", f"{home.name}/ray/token"):
        with pytest.raises(ValueError, match=OUTSIDE):
            data_roots.check(home.parent / path)
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(home.parent / ".pets"))
    data_roots.check(home.parent / ".pets" / "cat")


@pytest.mark.parametrize("key", ["training_data", "validation_data", "test_data"])
def test_every_source_of_a_job_is_checked(root, key):
    content = {"training_data": {"path": str(root)}, key: {"path": "/etc"}}
    with pytest.raises(ValueError, match=OUTSIDE):
        data_roots.check_job(Job.from_dict(content))


@pytest.mark.parametrize("place", ["s3://bucket", "file:///etc", "local:///etc", "/etc"])
def test_no_datastore_is_read_with_the_rights_of_the_machine(root, place):
    content = {"training_data": {"path": str(root)}, "datastores": {"blobs": place}}
    with pytest.raises(ValueError, match=r"outside|rights of this machine"):
        data_roots.check_job(Job.from_dict(content))


def test_a_datastore_may_be_a_folder_within_reach_or_public(root):
    places = {"here": str(root / "blobs"), "there": "https://example.com/blobs"}
    data_roots.check_job(
        Job.from_dict({"training_data": {"path": str(root)}, "datastores": places})
    )
