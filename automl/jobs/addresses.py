"""Tables that lie elsewhere: `s3://bucket/labels.csv` in place of a path."""

import re
from pathlib import Path

_SCHEMES = ("https", "http", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "hf", "memory")
_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
_ADDRESS = re.compile(r"([a-z][a-z0-9]+):/{1,2}([^/].*)", re.IGNORECASE | re.DOTALL)


def of(path: str | Path) -> str | None:
    """The address of a table; None for a path, and for any other address.

    A `Path` of an address has one slash after its scheme, `s3:/bucket/labels.csv`.
    """
    found = _ADDRESS.fullmatch(str(path))
    if found is None or found[1].lower() not in _SCHEMES:
        return None
    name = found[2].partition("?")[0].partition("#")[0]
    return f"{found[1].lower()}://{found[2]}" if name.lower().endswith(_ENDINGS) else None
