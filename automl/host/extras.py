"""Packages that not everybody installs, and what to type where they are missing."""

import importlib.util
from collections.abc import Iterable


def missing(who_needs: str, packages: Iterable[str], extra: str = "") -> str:
    """What to install; empty if everything is there.

    Args:
        who_needs: how the sentence begins: `Explanations need`.
        packages: the names they are imported by.
        extra: of ours, which installs them; without one they come with us.
    """
    names = [name for name in packages if importlib.util.find_spec(name) is None]
    if not names:
        return ""
    ours = f"'.[{extra}]'" if extra else "."
    return f"{who_needs} {' and '.join(names)}, not installed here: pip install {ours}"
