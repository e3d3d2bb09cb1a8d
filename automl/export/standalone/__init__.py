"""Programs that are copied beside exported models and run without this package.

The modules of this package that they import are copied beside them, all into one folder, with
their imports rewritten: `from automl.dataset.preprocessing import` becomes `from preprocessing
import`. A copied module imports torch, timm, numpy and other copied modules only.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from automl.dataset import dicom, preprocessing, rendering

_PACKAGES = r"automl\.(?:dataset|evaluation|model|training|export\.standalone)"
_MODULES_OF_PACKAGE = re.compile(rf"^from {_PACKAGES} import ", re.MULTILINE)
_MODULE = re.compile(rf"^from {_PACKAGES}\.", re.MULTILINE)


def copy(name: str, folder: Path) -> Path:
    """Copy one of the programs into a folder; returns its path there."""
    return _copy(Path(__file__).with_name(name), folder)


def copy_module(module: ModuleType, folder: Path) -> Path:
    """Copy a module of this package into a folder; returns its path there."""
    assert module.__file__ is not None
    return _copy(Path(module.__file__), folder)


def _copy(source: Path, folder: Path) -> Path:
    text = source.read_text("utf-8")
    text = _MODULES_OF_PACKAGE.sub("import ", text)
    target = folder / source.name
    target.write_text(_MODULE.sub("from ", text), "utf-8")
    return target


def copy_preprocessing(folder: Path) -> list[Path]:
    """Copy `preprocessing.py` and the modules that it imports, as this package uses them."""
    return [copy_module(module, folder) for module in (preprocessing, rendering, dicom)]


def requirements(*packages: str) -> list[str]:
    """Requirements of the programs, in the versions that the parity was measured with.

    A local part, as in torch's 2.15.0+cpu, is left out: registries do not have such versions.
    """
    versions = {package: importlib.metadata.version(package) for package in packages}
    return [f"{package}=={version.partition('+')[0]}" for package, version in versions.items()]


def write_requirements(folder: Path, *packages: str) -> None:
    """Write `requirements.txt`."""
    (folder / "requirements.txt").write_text("\n".join([*requirements(*packages), ""]), "utf-8")


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Make the copies in a folder importable inside the block, and forget them afterwards."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]
