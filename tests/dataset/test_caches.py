import os
import shutil
import time
from pathlib import Path

import pytest

from automl.dataset import cache_entries, caches


@pytest.fixture
def fill(home: Path):
    """Put 1,000 bytes into a cache, so many seconds ago."""

    def fill(name: str, *, age: float = 7200) -> Path:
        entry = home / "cache" / name / "entry"
        entry.mkdir(parents=True)
        (entry / "file").write_bytes(b"0" * 1000)
        os.utime(entry, (time.time() - age,) * 2)
        return entry

    return fill


def test_every_cache_has_a_size(fill):
    fill("archives")
    assert caches.size_bytes() == {
        "archives": 1000,
        "carried": 0,
        "exports": 0,
        "features": 0,
        "maps": 0,
        "networks": 0,
        "pixels": 0,
        "references": 0,
        "remote": 0,
        "scans": 0,
        "speeds": 0,
        "uploads": 0,
        "weights": 0,
    }


@pytest.mark.parametrize("name", ["archives", "exports", "remote", "scans", "uploads"])
def test_what_nobody_uses_is_removed(fill, name):
    entry = fill(name)
    assert caches.clear() == caches.Cleared(freed_bytes=1000, kept_bytes=0)
    assert not entry.exists()
    assert entry.parent.is_dir()


@pytest.mark.parametrize("name", caches.DATA)
def test_pictures_that_have_just_come_are_kept(fill, name):
    entry = fill(name, age=60)
    assert caches.clear() == caches.Cleared(freed_bytes=0, kept_bytes=1000)
    assert entry.exists()


@pytest.mark.parametrize("name", caches.DATA)
def test_pictures_are_kept_while_an_experiment_may_read_them(fill, name):
    entry = fill(name)
    caches.hold_data()
    caches.clear()
    assert entry.exists()


def test_an_archive_that_is_being_extracted_is_kept_however_long_it_takes(fill):
    entry = fill("archives")
    with cache_entries.held(entry.parent):
        caches.clear()
    assert entry.exists()


@pytest.mark.parametrize("name", caches.DATA)
def test_an_interrupted_clearing_leaves_no_half_folder_of_pictures(fill, name, monkeypatch):
    entry = fill(name)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            caches.clear()
    assert not entry.exists()
    assert caches.clear().freed_bytes == 1000


def test_a_link_is_removed_and_not_what_it_leads_to(fill, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "photo.jpg").touch()
    link = fill("scans").parent / "link"
    link.symlink_to(precious)
    caches.clear()
    assert not link.is_symlink()
    assert (precious / "photo.jpg").exists()


def test_an_export_that_may_be_on_its_way_is_kept(fill):
    entry = fill("exports", age=60)
    caches.clear()
    assert entry.exists()


@pytest.mark.parametrize("name", ["features", "networks", "scans"])
def test_what_is_being_written_is_kept_and_what_a_killed_process_left_is_not(home, name):
    folder = home / "cache" / name
    folder.mkdir(parents=True)
    for file, age in (("now.partial", 60), ("left.partial", 7200)):
        (folder / file).touch()
        os.utime(folder / file, (time.time() - age,) * 2)
    caches.clear()
    assert [path.name for path in folder.iterdir()] == ["now.partial"]


def test_each_cache_knows_when_it_was_last_used(fill):
    entry = fill("features")
    os.utime(entry / "file", (5000, 4000))
    used = {name: usage.last_used for name, usage in caches.usage().items() if usage.last_used}
    assert {name: when.timestamp() for name, when in used.items()} == {"features": 5000}
