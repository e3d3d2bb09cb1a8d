import io

import pandas as pd
import pytest
from PIL import Image, ImageDraw

from automl.dataset import pictures
from automl.dataset.checks import CheckedData, placeholders
from automl.dataset.report import Finding

PHOTOS = [(label, f"{label}{n}", None, None) for label in ("ant", "bee") for n in range(15)]


def found(samples: pd.DataFrame) -> list[Finding]:
    return list(placeholders.check(CheckedData(samples)))


def drawn(samples: pd.DataFrame, rows: list[int], file_format: str) -> pd.DataFrame:
    """The samples with the look of a banner in some rows."""
    banner = Image.new("RGB", (300, 200), "#eeeeee")
    ImageDraw.Draw(banner).text((90, 90), "image not found", fill="#884444", font_size=20)
    file = io.BytesIO()
    banner.save(file, file_format)
    facts = pictures.examine(file)
    changed = samples.copy()
    for row in rows:
        changed.loc[row, ["format", "num_colours"]] = [facts.format, facts.num_colours]
        changed.loc[row, "contrast"] = facts.appearance.contrast
        changed.at[row, "fingerprint"] = facts.appearance.fingerprint
    return changed


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "JPEG"])
def test_a_drawing_among_photos_is_named_with_a_remedy(make_samples, file_format):
    (finding,) = found(drawn(make_samples(*PHOTOS), [3], file_format))
    assert finding.paths == ["/data/ant/3.png"]
    assert (
        "1 picture is probably in the place of a missing one, in 1 of 2 classes" in finding.message
    )
    assert "1 as drawings among photos" in finding.message
    assert placeholders.PLACEHOLDER.remedy == "leave_out"


def test_drawings_are_fine_where_all_pictures_are_drawings(make_samples):
    assert found(drawn(make_samples(*PHOTOS), list(range(30)), "PNG")) == []


@pytest.mark.parametrize(
    "name", ["imageNotFound.gif", "no-image-available.png", "photo_unavailable.jpg", "404.jpg"]
)
def test_a_file_whose_name_says_so_is_named(make_samples, name):
    samples = make_samples(*PHOTOS)
    samples.loc[20, "path"] = f"/data/bee/{name}"
    (finding,) = found(samples)
    assert finding.paths == [f"/data/bee/{name}"]


@pytest.mark.parametrize("name", ["ant_not_404.jpg", "foundling.jpg", "noimages1.jpg", "404b.jpg"])
def test_other_names_are_fine(make_samples, name):
    samples = make_samples(*PHOTOS)
    samples.loc[20, "path"] = f"/data/bee/{name}"
    assert found(samples) == []


def test_copies_of_one_picture_in_several_classes_are_named(make_samples):
    samples = make_samples(*PHOTOS, *PHOTOS)
    samples.loc[[0, 1, 15, 16], "content_hash"] = "same"
    assert found(samples) == []
    samples.loc[2, "content_hash"] = "same"
    (finding,) = found(samples)
    assert (finding.count, "5 as copies in several classes" in finding.message) == (5, True)


def test_copies_in_one_class_are_not_placeholders(make_samples):
    samples = make_samples(*PHOTOS, *PHOTOS)
    samples.loc[:4, "content_hash"] = "same"
    assert found(samples) == []
