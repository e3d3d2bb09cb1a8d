"""Pictures in DICOM files, read with pydicom.

Exported models contain a copy of this file, so it imports only numpy, Pillow and pydicom.
"""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORMAT = "DICOM"
FRAMES = "number of frames"
"""Key of the number of frames in `Image.info`."""

_WITH_UNITS = ("CT", "PT")
_MARK_AT, _MARK = 128, b"DICM"
_DEFLATED = b"1.2.840.10008.1.2.1.99\0"  # inflating has no limit


class DicomError(ValueError):
    """A DICOM file cannot be read as a picture; the message is one sentence without the path."""


def is_dicom(start: bytes) -> bool:
    """True for the first 132 bytes of a DICOM file."""
    return start[_MARK_AT:] == _MARK


class DicomFile:
    """A DICOM file whose pixels are not decoded yet."""

    def __init__(self, file: BinaryIO) -> None:
        """Read everything but the pixels.

        Raises:
            DicomError: pydicom is not installed, or the file has no pixels that it can read.
        """
        try:
            import pydicom
        except ImportError:
            raise DicomError(
                "It is a DICOM picture, which needs pydicom: pip install pydicom"
            ) from None
        file.seek(0)
        if _DEFLATED in file.read(4096):
            raise DicomError("It is a deflated DICOM file; save it with another transfer syntax.")
        file.seek(0)
        self._dataset: Any = pydicom.dcmread(file)
        if "PixelData" not in self._dataset:
            raise DicomError("It is a DICOM file without a picture.")
        self.size = int(self._dataset.Columns), int(self._dataset.Rows)

    def decoded(self) -> Image.Image:
        """The first frame: RGB, grey of 8 bits, or floating-point values.

        Values of CT and PET are in their unit (Hounsfield units), so that one range of values suits
        all pictures. Those of other devices are not comparable: the window that the file names
        makes 8 bits of them; without one they are as stored. What is stored with black as the
        highest value (MONOCHROME1) is inverted.

        Raises:
            DicomError: the compression needs another package.
        """
        from pydicom.pixels import pixel_array

        try:
            stored = pixel_array(self._dataset, index=0)
        except (NotImplementedError, RuntimeError) as error:
            syntax = self._dataset.file_meta.TransferSyntaxUID.name
            raise DicomError(
                f"It is compressed as {syntax}, which pydicom reads with another package only: pip "
                "install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg, or save it uncompressed."
            ) from error
        image = Image.fromarray(self._colours(stored) if self._is_colour else self._grey(stored))
        image.format = FORMAT
        image.info[FRAMES] = int(self._dataset.get("NumberOfFrames") or 1)
        return image

    @property
    def _is_colour(self) -> bool:
        photometric: str = self._dataset.PhotometricInterpretation
        return not photometric.startswith("MONOCHROME")

    def _colours(self, stored: NDArray[Any]) -> NDArray[np.uint8]:
        from pydicom.pixels import apply_color_lut

        if self._dataset.PhotometricInterpretation == "PALETTE COLOR":
            stored = apply_color_lut(stored, self._dataset)
        shift = 8 * (stored.dtype.itemsize - 1)
        return (stored >> shift).astype(np.uint8)

    def _grey(self, stored: NDArray[Any]) -> NDArray[np.uint8] | NDArray[np.float32]:
        from pydicom.pixels import apply_rescale, apply_voi

        dataset = self._dataset
        is_inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
        padding = dataset.get("PixelPaddingValue")
        is_padding = np.zeros(stored.shape, bool) if padding is None else stored == padding
        values = apply_rescale(stored, dataset).astype(np.float32)
        if dataset.get("Modality") in _WITH_UNITS:
            return np.where(is_padding, np.float32(np.nan), values)
        if dataset.get("WindowCenter") is not None and dataset.get("WindowWidth"):
            levels = self._windowed(values)
        elif dataset.get("VOILUTSequence"):
            bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
            levels = apply_voi(stored, dataset).astype(np.float32) * (255 / (2**bits - 1))
        else:
            inverted = np.float32(2 ** int(dataset.BitsStored) - 1) - values
            found = inverted if is_inverted else values
            return np.where(is_padding, np.float32(np.nan), found)
        levels = 255 - levels if is_inverted else levels
        return np.rint(np.where(is_padding, 0, levels)).clip(0, 255).astype(np.uint8)

    def _windowed(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Levels from 0 to 255 by the first window, as C.11.2.1.2 of the standard's part 3 says."""
        center, width = (
            float(np.atleast_1d(self._dataset[name].value)[0])
            for name in ("WindowCenter", "WindowWidth")
        )
        function = self._dataset.get("VOILUTFunction") or "LINEAR"
        if function == "SIGMOID":
            levels = 255 / (1 + np.exp((-4 / width) * (values - np.float32(center))))
        else:
            if function == "LINEAR":
                center, width = center - 0.5, max(width - 1, 1e-6)
            levels = (((values - np.float32(center)) / width + 0.5) * 255).clip(0, 255)
        found: NDArray[np.float32] = levels
        return found
