import os
from datetime import UTC, datetime
from pathlib import Path

from automl.host import storage
from automl.host.storage import Usage


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_files_at_any_depth_count_and_links_as_themselves(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"0" * 10_000)
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_bytes(b"0" * 100)
    (folder / "deep" / "b").write_bytes(b"0" * 20)
    (folder / "link").symlink_to(outside)
    assert storage.usage(folder).num_bytes == 120 + len(str(outside))


def test_reading_is_using(tmp_path: Path) -> None:
    for name, read, written in (("a", 300, 100), ("b", 100, 200)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (read, written))
    assert storage.usage(tmp_path).last_used == at(300)


def test_a_folder_without_files_was_never_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert storage.usage(tmp_path) == Usage(0, None)
    assert storage.usage(tmp_path / "missing") == Usage(0, None)
