"""Programs that are copied beside exported models and run without us.

There the module `automl.dataset.preprocessing` is a file of its own, `preprocessing.py`.
"""

import importlib.metadata
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl.dataset import preprocessing


def copy(name: str, folder: Path) -> Path:
    """Put one of the programs into a folder; returns its path there."""
    text = Path(__file__).with_name(name).read_text("utf-8")
    for package in ("automl.dataset.", "automl.export.standalone."):
        text = text.replace(f"from {package}", "from ")
    target = folder / name
    target.write_text(text, "utf-8")
    return target


def copy_preprocessing(folder: Path) -> Path:
    """`preprocessing.py` as we use it ourselves."""
    target = folder / "preprocessing.py"
    target.write_bytes(Path(preprocessing.__file__).read_bytes())
    return target


def requirements(*packages: str) -> list[str]:
    """What the programs need, in the versions the parity was measured with."""
    return [f"{package}=={importlib.metadata.version(package)}" for package in packages]


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Within, the copies in a folder can be imported; none of them is left behind."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]
