import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.dataset import readers
from automl.dataset.scan import scan
from automl.errors import DataError
from automl.jobs.data_source import DataSource


@pytest.fixture
def shard(tmp_path, make_picture) -> Callable[..., Path]:
    """Write members; those without content are pictures, all different."""
    numbers = iter(range(1_000))

    def write(path: str, members: dict[str, str | None], mode: str = "w") -> Path:
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(place, mode) as file:
            for name, text in members.items():
                info = tarfile.TarInfo(name)
                picture = text is None and make_picture(tmp_path / "0.png", next(numbers))
                content = picture.read_bytes() if picture else str(text).encode()
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
        return place

    return write


def rows(path: Path, **options: str) -> list[tuple[str, str]]:
    pictures = readers.read(DataSource(path=path), **options).pictures
    assert scan(pictures)["problem"].isna().all()
    found = zip(pictures["path"], pictures["label"], strict=True)
    return sorted((name.rpartition("/")[2], label) for name, label in found)


def test_members_of_one_key_are_a_sample(shard):
    path = shard("a.tar", {"1.png": None, "2.cls": "dog", "1.cls": "cat\n", "2.png": None})
    assert rows(path) == [("a.tar::1.png", "cat"), ("a.tar::2.png", "dog")]


def test_dots_in_a_name_do_not_hide_its_label(shard):
    first = {"x-s2.0-1.png": None, "x-s2.0-1.cls": "cat", "x-s2.0-2.cls": "dog"}
    path = shard("a.tar", {**first, "x-s2.0-2.png": None, "y.v2.png": None, "y.cls": "cat"})
    assert [label for _, label in rows(path)] == ["cat", "dog", "cat"]


def test_a_mask_beside_the_picture_is_not_a_sample(shard):
    path = shard("a.tar", {"1.png": None, "1.seg.png": None, "1.cls": "cat"})
    assert rows(path) == [("a.tar::1.png", "cat")]


def test_the_label_is_a_field_of_json(shard):
    one, two = '{"label": "cat", "source": "web"}', '{"label": "dog", "source": "book"}'
    path = shard("a.tar", {"1.png": None, "1.json": one, "2.png": None, "2.json": two})
    assert [label for _, label in rows(path)] == ["cat", "dog"]
    assert [label for _, label in rows(path, target_column_name="source")] == ["web", "book"]


@pytest.mark.parametrize("kinds", ["cls json", "json"])
def test_numbers_take_the_names_that_json_has_for_them(shard, kinds):
    members: dict[str, str | None] = {}
    for number in range(4):
        fields = {"label": number % 2, "label_name": ["cat", "dog"][number % 2]}
        content = {"cls": str(number % 2), "json": json.dumps(fields)}
        members |= {f"{number}.png": None}
        members |= {f"{number}.{kind}": content[kind] for kind in kinds.split()}
    assert [label for _, label in rows(shard("a.tar", members))] == ["cat", "dog"] * 2


def test_captions_are_no_labels(shard):
    members = {f"{number}.txt": f"a photo of thing {number}" for number in range(4)}
    path = shard("a.tar", members | dict.fromkeys([f"{number}.png" for number in range(4)]))
    with pytest.raises(DataError, match="captions and no labels.*Add a member .cls"):
        rows(path)


def test_text_is_the_label_where_no_folder_can_be(shard):
    flat = shard("a.tar", {"1.png": None, "1.txt": "cat", "2.png": None, "2.txt": "dog"})
    assert [label for _, label in rows(flat)] == ["cat", "dog"]


def test_class_folders_with_descriptions_stay_class_folders(shard):
    members = {"cat/1.png": None, "cat/1.txt": "sleeps", "dog/1.png": None, "dog/1.txt": "runs"}
    assert [label for _, label in rows(shard("a.tar", members))] == ["cat", "dog"]


def test_shards_are_read_together_with_their_splits_and_the_names_of_the_classes(shard, tmp_path):
    for name, label in (("train-000000", "0"), ("train-000001", "1"), ("val-000000", "1")):
        shard(f"set/{name}.tar", {"1.png": None, "1.cls": label})
    (tmp_path / "set" / "classes.txt").write_text("cat\ndog\n")
    pictures = readers.read(DataSource(path=tmp_path / "set")).pictures
    names = pictures["path"].str.rpartition("/")[2]
    assert list(zip(names, pictures["label"], pictures["split"], strict=True)) == [
        ("train-000000.tar::1.png", "cat", "train"),
        ("train-000001.tar::1.png", "dog", "train"),
        ("val-000000.tar::1.png", "dog", "validation"),
    ]


def test_a_folder_of_shards_for_each_split(shard, tmp_path):
    for split in ("train", "test"):
        shard(f"set/{split}/0.tar", {"1.png": None, "1.cls": "0"})
    (tmp_path / "set" / "classnames.txt").write_text("cat\n")
    pictures = readers.read(DataSource(path=tmp_path / "set")).pictures
    assert pictures["split"].tolist() == ["test", "train"]
    assert set(pictures["label"]) == {"cat"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"2.png": None}, r"2\.png in .* has no label: there is no 2\.cls"),
        ({"2.cls": "dog"}, r"2\.cls in .* has no picture"),
        ({"1.jpg": None}, r"1\.cls in .* has several pictures, 1\.png and 1\.jpg"),
        ({"1.png": None}, r"two members '1\.png'"),
        ({"2.png": None, "2.cls": "9" * (1 << 20) + "9"}, r"2\.cls in .* is too large"),
    ],
)
def test_a_sample_that_is_not_whole_is_refused(shard, more, message):
    path = shard("a.tar", {"1.png": None, "1.cls": "cat"})
    shard("a.tar", more, mode="a")
    with pytest.raises(DataError, match=message):
        rows(path)


def test_json_without_a_label_is_refused(shard):
    path = shard("a.tar", {"1.png": None, "1.json": '{"width": 3}'})
    with pytest.raises(DataError, match=r"1\.json in .* has no field with the label.*width"):
        rows(path)


def test_an_index_without_a_name_is_refused(shard, tmp_path):
    path = shard("set/a.tar", {"1.png": None, "1.cls": "7"})
    (tmp_path / "set" / "classes.txt").write_text("cat\n")
    with pytest.raises(DataError, match=r"1\.cls of a\.tar has the class 7.*names 1 classes"):
        rows(path)
