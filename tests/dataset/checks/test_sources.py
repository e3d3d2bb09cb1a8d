import numpy as np
import pandas as pd
import pytest

from automl import texts
from automl.dataset.checks import CheckedData, sources
from automl.dataset.report import Finding

DAYS = [f"2024-05-0{day} 10:00:00" for day in (1, 2, 3)]


def findings(samples: pd.DataFrame) -> dict[str, Finding]:
    return {finding.kind: finding for finding in sources.check(CheckedData(samples))}


def rows(**counts: int) -> list[tuple[str, str, None, None]]:
    return [
        (label, f"{label}{number}", None, None)
        for label, count in counts.items()
        for number in range(count)
    ]


@pytest.fixture
def animals(make_samples):
    """12 pictures each of cat, dog and wolf, with the attributes of the wolves."""

    def make(wolf: object, others: object, column: str) -> pd.DataFrame:
        samples = make_samples(*rows(cat=12, dog=12, wolf=12))
        is_wolf = samples["label"] == "wolf"
        return samples.assign(**{column: np.where(is_wolf, wolf, others)})

    return make


@pytest.mark.parametrize(
    ("column", "wolf", "others", "phrase"),
    [
        ("format", "PNG", "JPEG", "stored as PNG"),
        ("mode", "L", "RGB", "of the mode L"),
        ("width", 800, 640, "of 800 x 480 pixels"),
        ("camera", "Canon EOS", "Pixel 7", "taken with the camera Canon EOS"),
        ("camera", None, "Pixel 7", "without a camera's name in EXIF"),
        ("taken", DAYS[0], DAYS[1], "taken on 2024-05-01"),
        ("jpeg_quality", 60.0, 92.0, "saved in JPEG quality 60"),
    ],
)
def test_a_class_with_an_attribute_of_its_own_is_named_with_counts(
    animals, column, wolf, others, phrase
):
    finding = findings(animals(wolf, others, column))["one_source"]
    assert f"12 pictures of wolf 12 are {phrase}; of the 24 others none." in finding.message
    assert len(finding.paths) == 12


def test_a_class_that_alone_lacks_an_attribute_is_named(animals):
    samples = animals(None, "Pixel 7", "camera")
    samples.loc[samples["label"] == "wolf", "camera"] = [f"Camera {n}" for n in range(12)]
    message = findings(samples)["one_source"].message
    assert "wolf 0 are taken with the camera Pixel 7; of the 24 others 24." in message


def test_classes_that_share_a_source_are_named_together(make_samples):
    samples = make_samples(*rows(cat=12, dog=12, fox=12, wolf=12))
    is_wild = samples["label"].isin(["fox", "wolf"])
    message = findings(samples.assign(format=np.where(is_wild, "PNG", "JPEG")))[
        "one_source"
    ].message
    assert "Of the 24 pictures of fox, wolf 24 are stored as PNG; of the 24 others none." in message


def test_two_days_of_one_class_are_one_source(animals):
    samples = animals(DAYS[0], DAYS[2], "taken")
    samples.loc[samples.index[samples["label"] == "wolf"][:6], "taken"] = DAYS[1]
    finding = findings(samples)["one_source"]
    assert "12 are taken on 2024-05-01 or taken on 2024-05-02" in finding.message
    with texts.speaking("de"):
        said = finding.said()
    assert "sind 12 am 2024-05-01 aufgenommen oder am 2024-05-02 aufgenommen; von den" in said


@pytest.mark.parametrize("name", ["IMG_20{}.jpg", "frame{}.png", "WhatsApp Image {}.jpg"])
def test_names_that_a_device_gives_are_a_source(animals, name):
    samples = animals(None, None, "camera")
    is_wolf = samples["label"] == "wolf"
    paths = [f"/data/wolf/{name.format(number)}" for number in samples["id"]]
    samples["path"] = np.where(is_wolf, paths, samples["path"])
    assert "with file names that start with" in findings(samples)["one_source"].message


def test_names_made_of_the_label_are_no_source(make_samples):
    samples = make_samples(*rows(frame=12, scan=12))
    samples["path"] = [f"/d/{row.label}/{row.label}_{row.id}.jpg" for row in samples.itertuples()]
    assert findings(samples) == {}


@pytest.mark.parametrize(
    ("folders", "is_source"),
    [
        ({"cat": "web", "dog": "web", "wolf": "zoo"}, True),
        ({"cat": "cam1", "dog": "cam2", "wolf": "cam2"}, True),
        ({"cat": "cam1", "dog": "cam2", "wolf": "cam3"}, True),
        ({"cat": "persian", "dog": "pug", "wolf": "grey"}, False),
        ({"cat": "web", "dog": "web", "wolf": "web"}, False),
    ],
)
def test_folders_in_class_folders_are_a_source_unless_they_are_finer_classes(
    make_samples, folders, is_source
):
    samples = make_samples(*rows(cat=12, dog=12, wolf=12))
    samples["path"] = [
        f"/data/{label}/{folders[label]}/{number}.jpg"
        for label, number in zip(samples["label"], samples["id"], strict=True)
    ]
    assert ("one_source" in findings(samples)) == is_source


def test_the_day_of_the_files_alone_is_only_worth_knowing(animals):
    day = 24 * 3600 * 10**9
    samples = animals(day, 20 * day, "mtime_ns")
    assert list(findings(samples)) == ["modified_together"]
    assert list(findings(samples.assign(format=animals("PNG", "JPEG", "format")["format"]))) == [
        "one_source"
    ]


def test_chance_is_no_source(make_samples):
    """The label of 30 sets of 24 pictures is drawn after their attributes."""
    rng = np.random.default_rng(0)
    samples = make_samples(*rows(cat=12, dog=12))
    for _ in range(30):
        drawn = samples.assign(
            format=rng.choice(["PNG", "JPEG"], 24),
            camera=rng.choice(["a", "b", "c"], 24),
            width=rng.choice([640, 800, 1024], 24),
            label=rng.permutation(samples["label"]),
        )
        assert findings(drawn) == {}


def test_small_classes_and_attributes_of_every_picture_are_no_source(make_samples):
    few = make_samples(*rows(cat=5, dog=5))
    assert findings(few.assign(format=["PNG"] * 5 + ["JPEG"] * 5)) == {}
    many = make_samples(*rows(cat=90, dog=8))
    assert findings(many) == {}


def test_shapes_are_no_source_of_classes_about_shapes(make_samples):
    samples = make_samples(*rows(landscape=12, portrait=12))
    assert findings(samples.assign(width=[640] * 12 + [200] * 12)) == {}
