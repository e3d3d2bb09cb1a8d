"""The first score on real features: wrong labels, corrections, limits."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from automl import engine
from automl.engine import first_score, label_next
from automl.errors import UserError
from automl.evaluation.first_score import FirstScore
from automl.host import home as homes
from automl.jobs.job import Job
from automl.model import fast_features, pretrained_weights


@pytest.fixture(autouse=True)
def _looks_for_weights_anew(converted_weights: Path) -> Iterator[None]:
    assert converted_weights
    pretrained_weights.forget()
    yield
    pretrained_weights.forget()


@pytest.fixture
def mislabelled(shapes: Path, tmp_path: Path) -> Path:
    """The shapes, with a red one among the blue ones."""
    folder = Path(shutil.copytree(shapes, tmp_path / "shapes"))
    (folder / "red" / "0.png").rename(folder / "blue" / "wrong.png")
    return folder


def score(folder: Path, counts: list[tuple[int, int]] | None = None, **keys: object) -> FirstScore:
    job = Job.from_dict({"training_data": {"path": folder}, **keys})
    seen = [] if counts is None else counts
    return first_score.score(job, lambda done, total: seen.append((done, total)))


def kept_features() -> dict[Path, int]:
    files = homes.cache_dir("features").rglob("*.npz")
    return {path: path.stat().st_mtime_ns for path in files}


def test_it_finds_the_wrong_label_and_corrections_cost_no_features(
    mislabelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[tuple[int, int]] = []
    found = score(mislabelled, counts)
    assert counts[-1] == (120, 120)
    assert counts == sorted(counts)
    assert (found.num_pictures, found.score) == (60, 59 / 60)
    (doubt,) = found.doubtful
    assert (doubt.path, doubt.suggested) == (str(mislabelled / "blue" / "wrong.png"), "red")
    features = kept_features()
    monkeypatch.delattr(engine, "feature_extraction")  # it imports torch, which takes seconds
    monkeypatch.setitem(sys.modules, "automl.engine.feature_extraction", None)
    relabel = {"blue/wrong.png": "red", "green/2.png": "lonely"}
    corrections = {"relabel": relabel, "exclude": ["green/1.png"]}
    corrected = score(mislabelled, corrections=corrections)
    assert (corrected.num_pictures, corrected.score) == (58, 1.0)
    assert corrected.unscored == {"lonely": 1}  # which keeps an experiment from starting
    assert not corrected.doubtful
    assert kept_features() == features


def test_a_network_that_was_converted_runs_without_torch(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_features, "WORTH_CONVERTING_SECONDS", 0.0)
    score(shapes)
    expected = forgotten_features()
    with monkeypatch.context() as patch:
        patch.delattr(engine, "torch_extraction")
        patch.setitem(sys.modules, "automl.engine.torch_extraction", None)
        score(shapes)
    np.testing.assert_allclose(forgotten_features(), expected, atol=1e-3 * expected.std())
    (network,) = homes.cache_dir("networks").glob("*/*")
    network.write_bytes(network.read_bytes()[:-100])  # damaged: torch does it
    score(shapes)
    np.testing.assert_allclose(forgotten_features(), expected, atol=1e-3 * expected.std())


def forgotten_features() -> np.ndarray:
    """The features in the cache, which are removed."""
    (path,) = kept_features()
    found: np.ndarray = np.load(path)["features"]
    path.unlink()
    return found


def test_of_many_pictures_it_takes_some(shapes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_score, "MAX_PICTURES", 30)
    assert score(shapes).num_pictures <= 30


def test_given_validation_pictures_are_not_scored(shapes: Path, tmp_path: Path) -> None:
    held_out = tmp_path / "held out"
    for name in ("blue", "green", "red"):
        (held_out / name).mkdir(parents=True)
        shutil.copy(shapes / name / "0.png", held_out / name / "copy.png")
    assert score(shapes, validation_data={"path": held_out}).num_pictures == 60


def test_without_weights_it_says_what_to_do(shapes: Path) -> None:
    with pytest.raises(UserError, match="automl weights add FILE"):
        score(shapes, allowed_licences=["bsd-3-clause"])


def test_pictures_with_any_number_of_labels_have_one_too(mislabelled: Path) -> None:
    rows = [
        f"{path.relative_to(mislabelled)},{path.parent.name};picture"
        for path in sorted(mislabelled.rglob("*.png"))
    ]
    (mislabelled / "labels.csv").write_text("\n".join(["image,label", *rows]))
    found = score(
        mislabelled / "labels.csv", task="image_classification_multilabel", primary_metric="iou"
    )
    assert (found.metric, found.num_pictures) == ("iou", 60)
    assert found.score == pytest.approx(59 / 60 + 1 / 3 / 60)
    wrong = str(mislabelled / "blue" / "wrong.png")
    assert {(each.path, each.label, each.is_missing) for each in found.doubtful} == {
        (wrong, "blue", False),
        (wrong, "red", True),
    }


def test_what_to_label_next_is_unlike_the_data_or_typical(
    shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, new = tmp_path / "data", tmp_path / "new"
    for name in ("red", "blue"):
        shutil.copytree(shapes / name, data / name)
    shutil.copytree(shapes / "green", new)
    shutil.copytree(shapes / "red", new / "known")
    (data / "first of its class").mkdir()
    (new / "0.png").rename(data / "first of its class" / "0.png")
    job = Job.from_dict({"training_data": {"path": data}})
    first, last = label_next.suggest(job, new, 3, lambda *_: None)
    assert (first.num_labelled, first.num_unlabelled) == (41, 19)
    assert all(Path(each.path).parent == new for each in first.suggestions)
    assert first.forecast is None
    assert last.forecast is not None
    assert [each.num_more for each in last.forecast] == [41, 20, 20]
    monkeypatch.setattr(first_score, "MAX_PICTURES", 40)  # all pictures count, seen or not
    first, last = label_next.suggest(job, new, 3, lambda *_: None)
    assert first.num_labelled == 41
    assert [each.num_more for each in last.forecast or []] == [41, 20, 20]
    cold = Job.from_dict({"training_data": {"path": new}})
    *_, found = label_next.suggest(cold, new, 2, lambda *_: None, has_labels=False)
    assert (found.num_labelled, found.num_unlabelled, found.forecast) == (0, 39, [])
    assert {Path(each.path).parent for each in found.suggestions} == {new, new / "known"}


def test_labelled_pictures_and_those_that_were_left_out_are_not_asked_about(shapes: Path) -> None:
    corrections = {"exclude": ["red/1.png"], "relabel": {"red/2.png": "blue"}}
    job = Job.from_dict({"training_data": {"path": shapes}, "corrections": corrections})
    with pytest.raises(UserError, match="all of them are in the data or were decided on already"):
        next(label_next.suggest(job, shapes, 3, lambda *_: None))


def test_what_to_label_next_is_asked_about_labels_too(shapes: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(shapes, tmp_path / "data"))
    rows = [
        f"{path.relative_to(data)},{path.parent.name};picture"
        for path in sorted(data.rglob("*.png"))
        if path.parent.name != "green"
    ]
    new = (data / "green").rename(tmp_path / "new")
    (data / "labels.csv").write_text("\n".join(["image,label", *rows]))
    task = {"task": "image_classification_multilabel", "primary_metric": "iou"}
    job = Job.from_dict({"training_data": {"path": data / "labels.csv"}, **task})
    *_, found = label_next.suggest(job, new, 3, lambda *_: None)
    assert (found.num_labelled, found.num_unlabelled, found.forecast) == (40, 20, [])
    assert all("picture" in each.guess for each in found.suggestions)
    assert {each.second for each in found.suggestions} <= {"red", "blue"}


@pytest.mark.nightly  # test_pictures_with_any_number_of_labels_have_one_too is its short form
@pytest.mark.parametrize("seed", range(10))
def test_sets_of_drawn_shapes_are_recognised_exactly(tmp_path: Path, seed: int) -> None:
    num_pictures = 250
    truth = draw_shapes(tmp_path, np.random.default_rng(seed), num_pictures)
    rows = [{"image_url": name, "label": labels} for name, labels in truth.items()]
    table = tmp_path / "labels.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    found = score(table, task="image_classification_multilabel", primary_metric="iou")
    seen = {Path(path).name: labels for path, labels in found.predicted.items()}
    assert len(seen) == num_pictures
    assert np.mean([seen[name] == labels for name, labels in truth.items()]) >= 0.95


def draw_shapes(folder: Path, rng: np.random.Generator, num_pictures: int) -> dict[str, list[str]]:
    """Pictures with one to three of four shapes, of any colour, each in a quarter of its own."""
    truth = {}
    for number in range(num_pictures):
        picture = Image.new("RGB", (64, 64), tuple(rng.integers(180, 256, 3).tolist()))
        kinds = rng.permutation(["circle", "cross", "square", "triangle"])[: rng.integers(1, 4)]
        for kind, quarter in zip(kinds, rng.permutation(4), strict=False):
            x, y = (16 + 32 * np.array(divmod(quarter, 2)) + rng.integers(-2, 3, 2)).tolist()
            colour = tuple(rng.integers(0, 150, 3).tolist())
            draw_shape(ImageDraw.Draw(picture), kind, (x, y, int(rng.integers(9, 14))), colour)
        picture.save(folder / f"{number}.png")
        truth[f"{number}.png"] = sorted(map(str, kinds))
    return truth


def draw_shape(
    draw: ImageDraw.ImageDraw, kind: str, place: tuple[int, int, int], colour: tuple[int, ...]
) -> None:
    x, y, radius = place
    square = (x - radius, y - radius, x + radius, y + radius)
    if kind == "circle":
        draw.ellipse(square, colour)
    elif kind == "square":
        draw.rectangle(square, colour)
    elif kind == "triangle":
        draw.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], colour)
    else:
        arm = radius // 3
        draw.rectangle((x - arm, y - radius, x + arm, y + radius), colour)
        draw.rectangle((x - radius, y - arm, x + radius, y + arm), colour)
