"""The forms in which data can come: allowed values of `type` of a data source.

Each module in `automl.dataset.readers.forms` is a form. Only their names are looked up here, as
this room must not import that one.
"""

import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

_FORMS_DIR = Path(__file__).parent.parent / "dataset" / "readers" / "forms"

NAMES = tuple(sorted(module.name for module in pkgutil.iter_modules([str(_FORMS_DIR)])))

if TYPE_CHECKING:
    DataType = str  # a type checker needs the values in the source
else:
    DataType = Literal[NAMES]
