"""The keys that open a server."""

import hmac
import stat
from collections.abc import Sequence
from pathlib import Path


def read(path: Path) -> list[bytes]:
    """One key a line, so that an old and a new one can hold at the same time.

    Raises:
        ValueError: others may read the file, or there is no key in it.
    """
    if not path.is_file():
        raise ValueError(f"There is no key file {path}. Write the key into it, one on each line.")
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"Others may read the key file {path}. Close it: chmod 600 {path}")
    lines = path.read_bytes().split(b"\n")
    keys = [stripped for line in lines if (stripped := line.strip())]
    if not keys:
        raise ValueError(f"The key file {path} is empty. Write the key into it, one on each line.")
    for key in keys:
        if not all(0x21 <= byte <= 0x7E for byte in key):
            raise ValueError(
                f"A key in {path} has blanks or characters that no header can carry. Use letters "
                "and digits, for example those of: openssl rand -hex 32"
            )
    return keys


def is_right(authorization: bytes, keys: Sequence[bytes]) -> bool:
    """Whether the header carries one of the keys; takes as long for every wrong one."""
    scheme, _, given = authorization.partition(b" ")
    found = [hmac.compare_digest(given.strip(), key) for key in keys]
    return scheme.lower() == b"bearer" and any(found)
