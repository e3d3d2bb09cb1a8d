"""Data sets: readers, checks, split and pixel cache. No torch."""

import os
import warnings

# Pillow warns about unusual files that it can read, and about pictures that are larger than its
# own limit but smaller than ours. This is set here and not in preprocessing.py, because copies of
# that file run in the processes of those who use an exported model.
warnings.filterwarnings("ignore", module="PIL")
warnings.filterwarnings("ignore", module="pydicom")  # about values that the standard does not allow

if os.environ.get("AUTOML_MAX_MEGAPIXELS"):  # Pillow refuses twice its limit before we can see it
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
