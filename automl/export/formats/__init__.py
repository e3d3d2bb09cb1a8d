"""The export formats: one module each, which describes and writes the format.

To add a format, add a module here with `FORMAT = Format(…)`. The module's name is the format's
name. The pages and the command line list the formats, so a module imports torch and other large
packages only inside of its `write`.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automl.errors import ExportError
from automl.host import extras
from automl.texts import mark

_PACKAGES_MISSING = mark(
    "The format {name} needs {packages}, not installed here: pip install {wanted}"
)

if TYPE_CHECKING:
    from automl.export.trained_model import Answers, TrainedModel


@dataclass(frozen=True)
class Format:
    """A format in which a trial's model can be exported."""

    title: str
    description: str
    """One sentence for the page."""

    write: "Callable[[Path, TrainedModel], Answers]"
    """Writes the files into an empty folder. Returns a function that answers for a picture file
    with the exported model, loaded as its users load it."""

    usage: str
    """The section "How to use it" of the model card, in Markdown. `{side}`, `{resize}`, `{scale}`
    and `{link}` are filled in: the model's input side, the short side before the crop, the scaling
    of pixel values, the function from logits to probabilities."""

    order: int = 100
    """Position in lists; lower comes first."""

    packages: tuple[str, ...] = ()
    """Names of the packages that `write` imports beside those we always need."""

    extra: str = ""
    """The extra of our package that installs them."""

    library: str = "timm"
    """`library_name` in the metadata of the Hugging Face Hub."""

    has_int8: bool = False
    """The folder contains `model.onnx`, so that it can be quantised to int8."""


def names() -> list[str]:
    """Return the names of all formats in alphabetical order, without importing their modules."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load_all() -> dict[str, Format]:
    """Return all formats by name, in the order of lists."""
    formats = {name: _load(name) for name in names()}
    return dict(sorted(formats.items(), key=lambda item: item[1].order))


def named(name: str) -> Format:
    """Return the format with a name.

    Raises:
        ExportError: there is no such format.
    """
    if name not in names():
        raise ExportError(f"{name!r} is not a format. Choose from {', '.join(load_all())}.")
    return _load(name)


def check(name: str, *, int8: bool) -> Format:
    """Return the format, if this machine can write it.

    Raises:
        ExportError: there is no such format, it has no int8, or a package that writes it is
            missing.
    """
    chosen = named(name)
    if int8 and not chosen.has_int8:
        able = [each for each, kind in load_all().items() if kind.has_int8]
        raise ExportError(f"int8 is for {' and '.join(able)}; {name} has no such form.")
    if sentence := extras.missing(_PACKAGES_MISSING, chosen.packages, chosen.extra, name=name):
        raise ExportError(sentence)
    return chosen


def _load(name: str) -> Format:
    loaded: Format = importlib.import_module(f"{__name__}.{name}").FORMAT
    return loaded
