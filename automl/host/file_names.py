"""Names for what leaves this machine: files that every system allows, and no name of the user."""

import re

from automl.host import home

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]) *(\..*)?", re.IGNORECASE)
_MAX_BYTES = 200
"""A file system allows 255, and what is made of the name adds to it."""


def portable(name: str) -> str:
    """Return a name that Windows allows, too: the same if it does, otherwise a similar one."""
    allowed = _FORBIDDEN.sub("_", name).encode()[:_MAX_BYTES].decode("utf-8", "ignore")
    allowed = allowed.rstrip(". ") or "_"
    return f"_{allowed}" if _RESERVED.fullmatch(allowed) else allowed


def without_home(text: str) -> str:
    """Shorten paths in the user's home, which hold the user's name, to `~/…`."""
    folder = str(home.expanded("~")).rstrip("/")
    return re.sub(rf"(?<![\w.-]){re.escape(folder)}/", "~/", text) if folder else text
