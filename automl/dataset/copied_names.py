"""Names that systems and browsers give to copies: `pets (1)`, `pets - Copy`, `Copy of pets`."""

import re

_WORDS = "copy|kopie|copie|copia|cópia|kopia|kopi|kopio|копия|副本|コピー|복사본"
_COPY = re.compile(
    rf"(?P<base>.+?)(?:\s*\(\d+\)|[-_ ]+(?:{_WORDS})(?:[-_ ]*\(?\d+\)?)?)+"
    rf"|(?:{_WORDS})(?:\s*\(?\d+\)?)?\s+(?:of|von|de|di|av|af)\s+(?P<of>.+)",
    re.IGNORECASE,
)


def original_of(name: str) -> str | None:
    """Name, without suffix, of which another one is that of a copy; None for any other name."""
    found = _COPY.fullmatch(name.strip())
    return (found["base"] or found["of"]).strip() if found else None
