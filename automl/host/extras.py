"""Optional packages, and the command that installs missing ones."""

import importlib.util
from collections.abc import Iterable


def missing(needed_by: str, packages: Iterable[str], extra: str = "") -> str:
    """A sentence with the command that installs missing packages; empty if none is missing.

    Args:
        needed_by: the beginning of the sentence: `Explanations need`.
        packages: their import names.
        extra: our extra that installs them; empty if they come with the base installation.
    """
    names = [name for name in packages if importlib.util.find_spec(name) is None]
    if not names:
        return ""
    requirement = f"'.[{extra}]'" if extra else "."
    return f"{needed_by} {' and '.join(names)}, not installed here: pip install {requirement}"
