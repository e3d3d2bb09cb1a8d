"""Optional packages, and the command that installs missing ones."""

import importlib.metadata
import importlib.util
from collections.abc import Iterable

from automl.host import app_files

_DISTRIBUTION = "automl-image-classification"


def missing(sentence: str, packages: Iterable[str], extra: str = "", **values: str) -> str:
    """A sentence with the command that installs missing packages; empty if none is missing.

    Args:
        sentence: with the placeholders `packages` and `wanted`, what pip is to install.
        packages: their import names.
        extra: our extra that installs them; empty if they come with the base installation.
        values: of other placeholders of the sentence.
    """
    names = [name for name in packages if importlib.util.find_spec(name) is None]
    if not names:
        return ""
    wanted = _from_checkout(extra) if app_files.in_checkout() else _from_metadata(extra)
    return sentence.format(packages=" and ".join(names), wanted=wanted, **values)


def _from_checkout(extra: str) -> str:
    return f"'.[{extra}]'" if extra else "."


def _from_metadata(extra: str) -> str:
    """The requirements of an extra as the wheel states them: it may be on no package index."""
    stated = importlib.metadata.requires(_DISTRIBUTION) or []
    halves = [line.partition(";") for line in stated]
    condition = f'extra == "{extra}"' if extra else ""
    return " ".join(f"'{what.strip()}'" for what, _, when in halves if when.strip() == condition)
