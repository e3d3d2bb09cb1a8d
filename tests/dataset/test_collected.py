from pathlib import Path

import pytest

from automl.dataset import collected, data_roots
from automl.errors import DataError


def test_pictures_are_kept_by_class_the_latest_first(home: Path) -> None:
    folder = collected.folder("my pictures")
    assert folder.is_relative_to(home)
    data_roots.check(folder)
    assert collected.pictures(folder) == {}
    first = collected.add(folder, "cat", b"first", ".jpg")
    second = collected.add(folder, " cat ", b"second", ".png")
    assert collected.add(folder, "cat", b"first", ".jpg") == first
    (folder / "nothing yet").mkdir()
    assert {label: set(files) for label, files in collected.pictures(folder).items()} == {
        "cat": {first, second}
    }


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "con", "x" * 61, "a\0", "_x"])
def test_what_no_folder_can_be_called_is_refused(name: str, home: Path) -> None:
    with pytest.raises(DataError, match="cannot be the name of a class"):
        collected.add(collected.folder("set"), name, b"", ".jpg")
    assert not (home / "samples" / "set").exists()


def test_two_classes_are_one_folder_nowhere() -> None:
    folder = collected.folder("set")
    collected.add(folder, "Straße", b"first", ".jpg")
    collected.add(folder, "Straße", b"second", ".jpg")
    with pytest.raises(DataError, match="STRASSE differs from Straße in capital letters only"):
        collected.add(folder, "STRASSE", b"third", ".jpg")
    assert [path.name for path in folder.iterdir()] == ["Straße"]
