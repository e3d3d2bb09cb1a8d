import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from automl.dataset import picture_location, readers
from automl.dataset.preprocessing import UnreadablePicture
from automl.dataset.scan import scan
from automl.errors import DataError
from automl.jobs.data_source import DataSource

FEATURES = {
    "image": {"_type": "Image"},
    "label": {"_type": "ClassLabel", "names": ["cat", "dog"]},
}


@pytest.fixture
def saved(tmp_path, make_picture) -> Callable[..., Path]:
    """Write one split as `save_to_disk` does; the picture of each row is another one."""
    numbers = iter(range(1_000))

    def write(name: str, labels: list[int], file: str = "data-00000-of-00001.arrow") -> Path:
        folder = tmp_path / "set" / name
        folder.mkdir(parents=True)
        files = [make_picture(tmp_path / "0.png", next(numbers)).read_bytes() for _ in labels]
        cells = [{"bytes": content, "path": None} for content in files]
        table = pa.table({"image": cells, "label": labels})
        with pa.ipc.new_stream(str(folder / Path(file).name), table.schema) as stream:
            stream.write_table(table, max_chunksize=2)
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": file}]}))
        (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
        return folder

    return write


def test_a_saved_split_is_read_in_place(saved):
    pictures = readers.read(DataSource(path=saved(".", [0, 1, 1]))).pictures
    assert pictures["label"].tolist() == ["cat", "dog", "dog"]
    assert pictures["path"].str.partition("::")[2].tolist() == ["image/0", "image/1", "image/2"]
    samples = scan(pictures)
    assert samples["problem"].isna().all()
    assert samples["content_hash"].nunique() == 3


def test_saved_splits_are_one_table(saved, tmp_path):
    saved("train", [0, 1])
    saved("validation", [1])
    saved("extra", [-1])
    splits = json.dumps({"splits": ["train", "validation", "extra"]})
    (tmp_path / "set" / "dataset_dict.json").write_text(splits)
    listing = readers.read(DataSource(path=tmp_path / "set"))
    rows = zip(listing.pictures["label"], listing.pictures["split"], strict=True)
    assert list(rows) == [("cat", "train"), ("dog", "train"), ("dog", "validation")]
    assert len(listing.left_out.unlabelled) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("state.json", '{"_data_files": [{"filename": "../../x.arrow"}]}', "names a part"),
        ("state.json", '{"_data_files": [{"filename": "x.arrow"}]}', "does not exist"),
        ("state.json", "[", "not a JSON object"),
        ("data-00000-of-00001.arrow", "no table", "cannot be read"),
    ],
)
def test_a_damaged_folder_is_refused(saved, name, content, message):
    folder = saved(".", [0])
    (folder / name).write_text(content)
    with pytest.raises(DataError, match=message):
        readers.read(DataSource(path=folder))


def test_offsets_that_lie_are_refused(saved):
    file = saved(".", [0]) / "data-00000-of-00001.arrow"
    content = file.read_bytes()
    (rows,) = pa.ipc.open_stream(content)
    size = len(rows["image"][0].as_py()["bytes"])
    offsets = (0).to_bytes(4, "little") + size.to_bytes(4, "little")
    assert offsets in content
    lie = (0).to_bytes(4, "little") + (1 << 30).to_bytes(4, "little")
    file.write_bytes(content.replace(offsets, lie))
    with pytest.raises(UnreadablePicture), picture_location.opened(f"{file}::image/0"):
        pass
