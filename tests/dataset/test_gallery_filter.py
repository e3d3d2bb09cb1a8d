import numpy as np
import pytest
from PIL import Image

from automl.dataset import gallery_filter, manifest
from automl.dataset.gallery_filter import Filter
from automl.jobs.data_source import DataSource


@pytest.fixture
def found(tmp_path):
    """Cat and dog, 60 of each; 55 cats have a copy among the dogs, one file is broken."""
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(60):
            pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{number:02}.png")
    for number in range(55):
        name = f"{number:02}.png"
        (tmp_path / "dog" / f"x{name}").write_bytes((tmp_path / "cat" / name).read_bytes())
    (tmp_path / "cat" / "broken.png").write_bytes(b"not a picture")
    return manifest.inspect(DataSource(path=tmp_path))


def test_all_classes_come_in_turn(found):
    assert list(gallery_filter.choose(found, Filter())["label"][:6]) == ["cat", "dog"] * 3
    assert len(gallery_filter.choose(found, Filter())) == 175


def test_class_and_split_are_both_asked_for(found):
    rows = gallery_filter.choose(found, Filter(label="dog", split="validation"))
    assert set(rows["label"]) == {"dog"}
    assert set(rows["split"]) == {"validation"}
    assert len(rows) == found.report.class_splits["dog"]["validation"]


def test_a_finding_shows_all_its_pictures_not_only_those_the_report_names(found):
    (finding,) = [one for one in found.report.findings if one.kind == "label_conflict"]
    assert len(finding.paths) == 50
    assert len(gallery_filter.choose(found, Filter(finding="label_conflict"))) == 110


def test_pictures_that_are_the_same_are_side_by_side(found):
    contents = list(gallery_filter.choose(found, Filter(finding="label_conflict"))["content_hash"])
    assert contents[::2] == contents[1::2]


def test_what_cannot_be_read_is_not_offered(found):
    assert "unreadable" in found.concerned
    assert gallery_filter.findings(found) == ["label_conflict"]
    assert gallery_filter.findings_of(found, found.concerned["unreadable"][0]) == ["unreadable"]


def test_a_leaked_picture_comes_with_the_one_it_was_trained_on(tmp_path):
    rng = np.random.default_rng(0)
    for split in ("train", "validation"):
        for label in ("cat", "dog"):
            (tmp_path / split / label).mkdir(parents=True)
            for number in range(4):
                pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / split / label / f"{number}.png")
    held_out = tmp_path / "validation" / "cat" / "0.png"
    held_out.write_bytes((tmp_path / "train" / "cat" / "0.png").read_bytes())
    found = manifest.inspect(DataSource(path=tmp_path))
    assert found.concerned["leakage"] == [str(held_out)]
    rows = gallery_filter.choose(found, Filter(finding="leakage"))
    assert list(rows["split"]) == ["train", "validation"]
