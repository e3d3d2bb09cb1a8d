"""DICOM files, which need pydicom; without it they are named for what they are."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl.dataset import manifest, pictures, walk
from automl.dataset.preprocessing import UnreadablePicture, load_rgb
from automl.dataset.rendering import Rendering
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job

RAMP = np.arange(0, 4096, 64).reshape(8, 8)


def dicom(pixels: np.ndarray = RAMP, **tags: Any) -> io.BytesIO:
    """A file of 12 bits in 16; tags by their keywords."""
    pydicom = pytest.importorskip("pydicom")
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    frames = len(pixels) if pixels.ndim == 3 else 1
    content = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Modality": "DX",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1],
        "NumberOfFrames": frames,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": pixels.astype("<u2").tobytes(),
        **tags,
    }
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    for keyword, value in content.items():
        setattr(dataset, keyword, value)
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file


def levels(file: io.BytesIO, value_range: tuple[float, float] | None = None) -> np.ndarray:
    return np.asarray(load_rgb(file, rendering=Rendering(value_range)))[..., 0]


def test_values_without_a_window_are_those_of_the_range_of_the_data_set():
    assert (levels(dicom(), (0, 4032)) == np.rint(RAMP * 255 / 4032)).all()
    assert pictures.examine(dicom()).spread == (pytest.approx(0, abs=5), pytest.approx(4032, abs=5))


def test_black_as_the_highest_value_is_inverted():
    inverted = levels(dicom(PhotometricInterpretation="MONOCHROME1"), (0, 4095))
    assert (inverted[0, 0], inverted[7, 7]) == (255, 4)


def test_the_window_of_the_file_makes_eight_bits():
    tags = {"WindowCenter": 1024, "WindowWidth": 512}
    found = levels(dicom(**tags)).ravel()
    assert pictures.examine(dicom(**tags)).spread is None
    assert (found[RAMP.ravel() <= 768] == 0).all()
    assert (found[RAMP.ravel() >= 1280] == 255).all()
    assert found[RAMP.ravel() == 1024][0] == 128
    exact = levels(dicom(**tags, VOILUTFunction="LINEAR_EXACT")).ravel()
    assert exact[RAMP.ravel() == 1088][0] == 159
    soft = levels(dicom(**tags, VOILUTFunction="SIGMOID")).ravel()
    assert 0 < soft[RAMP.ravel() == 768][0] < 128
    turned = levels(dicom(**tags, PhotometricInterpretation="MONOCHROME1")).ravel()
    assert (turned == 255 - found).mean() > 0.95  # halves are rounded to even


def test_hounsfield_units_have_one_range_whatever_the_window():
    tags = {"Modality": "CT", "WindowCenter": [40, 400], "WindowWidth": [80, 2000]}
    scaled = dicom(**tags, RescaleSlope=1, RescaleIntercept=-1024)
    assert pictures.examine(scaled).spread == (
        pytest.approx(-1024, abs=5),
        pytest.approx(3008, abs=5),
    )
    found = levels(scaled, (-1024, 976)).ravel()
    assert (found[0], found[RAMP.ravel() == 1024][0]) == (0, 131)
    other_slope = dicom(RAMP // 2, **tags, RescaleSlope=2, RescaleIntercept=-1024)
    assert (levels(other_slope, (-1024, 976)).ravel() == found).all()


def test_padding_is_black():
    pixels = RAMP.copy()
    pixels[0] = 4000
    padded = dicom(pixels, PixelPaddingValue=4000)
    assert (levels(padded, (0, 4095))[0] == 0).all()
    assert pictures.examine(padded).spread[1] < 4096


def test_colours_and_frames():
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    tags = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "BitsAllocated": 8, "BitsStored": 8}
    tags |= {"HighBit": 7, "PhotometricInterpretation": "RGB", "PixelData": colours.tobytes()}
    assert (np.asarray(load_rgb(dicom(**tags))) == colours).all()
    assert not pictures.examine(dicom(**tags)).has_frames
    assert pictures.examine(dicom(np.stack([RAMP, RAMP]))).has_frames


def test_a_folder_of_scans_is_a_data_set(tmp_path: Path):
    rng = np.random.default_rng(0)
    for label, low in (("bone", 2000), ("air", 100)):
        (tmp_path / label).mkdir()
        for number in range(4):
            name = f"{number}.dcm" if number else "IM0"
            file = dicom(rng.integers(low, low + 300, (16, 16)), Modality="CT")
            (tmp_path / label / name).write_bytes(file.getvalue())
    data = manifest.look(Job(training_data=DataSource(path=tmp_path)))
    assert data.report.formats == {"DICOM": 8}
    assert data.rendering.value_range == (pytest.approx(100, abs=3), pytest.approx(2299, abs=3))
    assert data.report.classes == {"air": 4, "bone": 4}


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"Rows": 60_000, "Columns": 60_000}, "60000 x 60000 pixels; at most 100,000,000"),
        ({"PixelData": b"12"}, "cannot be read|damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_said(tags: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnreadablePicture, match=sentence):
        pictures.examine(dicom(**tags))


def test_one_without_pixels_is_no_picture():
    pydicom = pytest.importorskip("pydicom")
    whole = dicom()
    whole.seek(0)
    dataset = pydicom.dcmread(whole)
    del dataset.PixelData
    file = io.BytesIO()
    dataset.save_as(file)
    with pytest.raises(UnreadablePicture, match="a DICOM file without a picture"):
        pictures.examine(file)


def test_without_pydicom_a_scan_is_named_for_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(UnreadablePicture, match="needs pydicom: pip install pydicom"):
        pictures.examine(io.BytesIO(bytes(128) + b"DICM" + bytes(100)))


def test_deflated_files_are_refused_before_they_are_inflated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pydicom", sys.modules[__name__])
    content = bytes(128) + b"DICM" + b"1.2.840.10008.1.2.1.99\0" + bytes(100)
    with pytest.raises(UnreadablePicture, match="deflated DICOM file"):
        pictures.examine(io.BytesIO(content))


def test_scans_are_found_by_name():
    assert walk.is_picture_name("patient 1/IM 1.DCM")
