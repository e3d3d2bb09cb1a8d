import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.dataset import picture_location, readers
from automl.dataset.scan import scan
from automl.errors import DataError
from automl.jobs.data_source import DataSource


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def rows(path: Path) -> list[tuple[str, str, str | None]]:
    pictures = readers.read(DataSource(path=path)).pictures
    assert scan(pictures)["problem"].isna().all()
    split = pictures["split"].astype(object).where(pictures["split"].notna(), None)
    names = pictures["path"].str.partition("::")[2]
    return sorted(zip(names, pictures["label"], split, strict=True))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4), (200, 300, 3)])
def test_rows_of_arrays_are_pictures(tmp_path, save, shape):
    path, pixels = tmp_path / "set.npz", noise(3, *shape)
    save(path, train_images=pixels, train_labels=np.array([[0], [1], [1]]))
    labels = [("train_images/0", "0", "train"), ("train_images/1", "1", "train")]
    assert rows(path)[:2] == labels
    with picture_location.opened(f"{path}::train_images/2") as file:
        assert (np.asarray(Image.open(file)).reshape(shape) == pixels[2]).all()


@pytest.mark.parametrize(
    ("pictures", "labels", "split"),
    [
        ("x_train", "y_train", "train"),
        ("val_images", "val_labels", "validation"),
        ("X", "y", None),
        ("images", "labels", None),
        ("test_data", "test_targets", "test"),
    ],
)
def test_names_of_arrays_go_together(tmp_path, pictures, labels, split):
    np.savez(tmp_path / "a.npz", **{pictures: noise(1, 4, 4), labels: np.array(["cat"])})
    assert rows(tmp_path / "a.npz") == [(f"{pictures}/0", "cat", split)]


def test_one_hot_labels_and_names_of_classes(tmp_path):
    names = np.array(["cat", "dog"])
    np.savez(tmp_path / "a.npz", X=noise(2, 4, 4), y=np.array([[0, 1], [1, 0]]), classes=names)
    assert [label for _, label, _ in rows(tmp_path / "a.npz")] == ["dog", "cat"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": noise(2, 4, 4), "labels": np.array([1])}, "2 pictures.*1 labels"),
        ({"images": noise(1, 4, 4), "labels": np.array([[1, 1]])}, "several labels a picture"),
        ({"images": noise(1, 4, 4) / 2, "labels": np.array([1])}, "float64.*Save the pictures"),
        ({"images": noise(1, 4, 4)}, "no pictures with labels"),
        ({"images": noise(1, 4, 4), "labels": np.array([{}])}, "holds Python objects"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        rows(tmp_path / "a.npz")


def test_a_header_that_lies_is_refused(tmp_path):
    file = io.BytesIO()
    np.save(file, noise(1, 4, 4))
    content = file.getvalue().replace(b"(1, 4, 4)", b"(9, 4, 4)")
    for damaged in (content, b"\x93NUMPY\x01\x00\xff\xff", b""):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
            archive.writestr("images.npy", damaged)
        with pytest.raises(DataError, match="cannot be read"):
            rows(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(b"hello")
    with pytest.raises(DataError, match="cannot be read"):
        rows(tmp_path / "a.npz")
