"""A home that another user prepared is not used; a head's folder is deleted only if it is one."""

import os
import tempfile
from pathlib import Path

import pytest

from automl.engine import cluster, head
from automl.errors import UserError
from automl.host import home


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("below", ["", "ray", "cache", "cache/pixels"])
def test_a_folder_that_everybody_may_write_is_refused(folder: Path, below: str) -> None:
    (folder / below).mkdir(parents=True)
    (folder / below).chmod(0o777)
    with pytest.raises(UserError, match="Set AUTOML_HOME to a folder of yours"):
        _ = home.ray_dir(), home.cache_dir("pixels")


def test_a_file_in_the_place_of_a_folder_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("")
    with pytest.raises(UserError, match="home is no folder. Set AUTOML_HOME"):
        home.home_dir()
    monkeypatch.setenv("AUTOML_HOME", str(folder / "below"))
    with pytest.raises(UserError, match="home is no folder"):
        home.home_dir()


def test_an_empty_variable_means_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AUTOML_HOME", "")
    monkeypatch.chdir(tmp_path)
    assert home.home_dir() == tmp_path / ".automl"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("is_link", [False, True])
def test_a_folder_of_another_user_is_refused(folder: Path, tmp_path: Path, is_link: bool) -> None:
    if is_link:
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
    os.chown(folder, 65534, 65534, follow_symlinks=False)
    with pytest.raises(UserError, match="belongs to another user"):
        home.home_dir()


def test_every_folder_on_the_way_is_shut_whatever_the_umask(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    previous = os.umask(0)
    try:
        shut = [home.cache_dir("pixels"), home.cache_dir("pixels").parent, home.ray_dir()]
    finally:
        os.umask(previous)
    assert [path.stat().st_mode & 0o777 for path in shut] == [0o700] * 3


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("content", ["", "{", "[]", '{"address": "127.0.0.1:1"}', "\0" * 99])
def test_a_head_whose_file_was_cut_off_counts_as_absent(content: str) -> None:
    cluster.info_path().write_text(content)
    assert cluster.head_info() is None


@pytest.mark.parametrize("name", ["precious", "automl-ray-precious"])
def test_only_the_folder_of_a_head_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "below" / name).mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    head.reap(tmp_path / "below" / name)  # not directly in the folder of temporary files
    assert (tmp_path / "below" / name).is_dir()
    (tmp_path / name).mkdir()
    head.reap(tmp_path / name)
    assert (tmp_path / name).is_dir() is (name == "precious")
