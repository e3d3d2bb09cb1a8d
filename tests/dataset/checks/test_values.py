import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from automl.dataset import manifest
from automl.dataset.checks import CheckedData, check
from automl.dataset.manifest import Manifest
from automl.dataset.rendering import PLAIN, Rendering
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job


def findings(samples, rendering=PLAIN):
    report = check(CheckedData(samples, rendering=rendering))
    return {finding.kind: finding for finding in report.findings}


def look(folder: Path, **keys: object) -> Manifest:
    return manifest.look(Job(training_data=DataSource(path=folder), **keys))


def messages(data: Manifest) -> dict[str, str]:
    return {finding.kind: finding.message for finding in data.report.findings}


@pytest.fixture
def twelve_bits(tmp_path: Path) -> Path:
    """Two classes of noise with 300 grey levels each, of 16 bits; and a picture of 8 bits."""
    rng = np.random.default_rng(0)
    for label, low in (("faint", 600), ("strong", 3000)):
        (tmp_path / label).mkdir()
        for number in range(6):
            values = rng.integers(low, low + 300, (32, 32)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / label / f"{number}.tif")
    Image.fromarray(rng.integers(0, 256, (32, 32), np.uint8)).save(tmp_path / "faint" / "8.png")
    return tmp_path


def test_the_range_of_the_data_set_is_measured_and_said(twelve_bits):
    data = look(twelve_bits)
    assert data.rendering == Rendering((600, 3299))
    message = messages(data)["value_range"]
    assert "12 pictures with 12 bits in 16: the values 600 to 3,299 become black" in message
    assert "1 other has 8 bits and keeps its values. Set value_range to change it." in message


def test_the_range_of_the_job_is_used_and_what_it_cuts_off_is_said(twelve_bits):
    data = look(twelve_bits, value_range=[0, 2000])
    assert data.rendering.value_range == (0, 2000)
    assert "In 6 of them more than 0.1% of the values are beyond" in messages(data)["value_range"]


def test_appearance_is_that_in_the_range_of_the_data_set(twelve_bits):
    brightness = look(twelve_bits).samples.groupby("label")["brightness"].min()
    assert brightness["faint"] < 30
    assert brightness["strong"] > 220
    rng = np.random.default_rng(1)
    shape = rng.integers(0, 300, (48, 48))  # the same noise, shifted: another temperature
    for number in range(12):
        values = (shape + 200 * number + rng.integers(0, 20, shape.shape)).astype(np.uint16)
        Image.fromarray(values).save(twelve_bits / "faint" / f"shifted {number}.tif")
    assert "near_duplicate_label_conflict" not in messages(look(twelve_bits))


def test_a_range_for_pictures_of_eight_bits_has_no_effect(make_folder):
    folder = make_folder(cat=6, dog=6)
    assert look(folder).rendering == PLAIN
    assert "no_deep_picture" in messages(look(folder, value_range=[0, 100]))
    assert not {"no_deep_picture", "value_range"} & messages(look(folder)).keys()


def write_things(folder: Path, **colours: int) -> None:
    """Things of one colour on a transparent background, twelve of each class."""
    for label, colour in colours.items():
        (folder / label).mkdir()
        for number in range(12):
            image = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
            image.paste((colour, colour, colour, 255), (8 + number, 8, 30, 30))
            image.save(folder / label / f"{number}.png")


def test_a_background_that_flattens_a_class_is_a_warning_and_another_one_mends_it(tmp_path):
    write_things(tmp_path, light=255, dark=0)
    (white,) = (one for one in look(tmp_path).report.findings if one.kind == "flattened")
    assert white.count == 12
    assert "12 pictures of light are transparent, and on white next to nothing" in white.message
    assert "of dark are transparent" in messages(look(tmp_path, background="black"))["flattened"]
    for background in ("grey", "alpha"):
        data = look(tmp_path, background=background)
        assert data.rendering.background == background
        assert "flattened" not in messages(data)
        assert data.samples["contrast"].min() > 20


def test_a_few_flattened_pictures_are_no_warning(make_samples):
    rows = [("cat", str(number), None, None) for number in range(20)]
    hidden = make_samples(*rows, contrast=[1.0] * 8 + [50.0] * 12, alpha_contrast=90.0)
    assert "flattened" not in findings(hidden)
    mostly = make_samples(*rows, contrast=[1.0] * 12 + [50.0] * 8, alpha_contrast=90.0)
    assert findings(mostly)["flattened"].count == 12
    assert "flat" not in findings(mostly)  # what is hidden is not also said to be of one colour
    opaque = make_samples(*rows, contrast=1.0)
    assert "flattened" not in findings(opaque)


def test_further_frames_are_counted(make_folder):
    folder = make_folder(cat=6, dog=6)
    pages = [Image.effect_noise((12, 10), 40 + number) for number in range(3)]
    stack = io.BytesIO()
    pages[0].save(stack, "TIFF", save_all=True, append_images=pages[1:])
    (folder / "cat" / "stack.tif").write_bytes(stack.getvalue())
    message = messages(look(folder))["frames"]
    assert message == "1 file with several frames or pages, stack.tif: the first one is used."


@pytest.mark.parametrize("value", [[1], [2, 1], 7, ["a", "b"], [0, 1e300], "0, 1"])
def test_a_range_that_is_none_is_refused_in_a_sentence(value):
    with pytest.raises(ValueError, match="It should be two rising numbers"):
        Job.from_dict({"training_data": {"path": "x"}, "value_range": value})
