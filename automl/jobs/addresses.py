"""Data that lie elsewhere: `s3://bucket/labels.csv` or `s3://bucket/pets` in place of a path."""

import re
from pathlib import Path

_WEB = ("https", "http")
_STORAGE = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "hf", "memory")
_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
_ADDRESS = re.compile(r"([a-z][a-z0-9]+):/{1,2}([^/].*)", re.IGNORECASE | re.DOTALL)
_BLOBS = r"([\w-]+)\.blob\.core\.windows\.net"
_OLD_BLOB = re.compile(rf"wasbs?:/{{1,2}}([\w$-]+)@{_BLOBS}/?(.*)", re.IGNORECASE | re.DOTALL)
_WEB_BLOB = re.compile(rf"https:/{{1,2}}{_BLOBS}/([\w$-]+)/?([^?#]*)", re.IGNORECASE | re.DOTALL)


def of(path: str | Path) -> str | None:
    """The address of data; None for a path, and for any other address.

    In a cloud's storage it may be of a table, a folder or an archive; of the web, which lists no
    folders, only that of a table. A `Path` of an address has one slash after its scheme,
    `s3:/bucket/labels.csv`.
    """
    found = _ADDRESS.fullmatch(_of_azures_storage(str(path)))
    if found is None:
        return None
    scheme, rest = found[1].lower(), found[2]
    is_known = scheme in _STORAGE or (scheme in _WEB and is_table(rest))
    return f"{scheme}://{rest}" if is_known else None


def _of_azures_storage(address: str) -> str:
    """The address of a folder in Azure's storage as its driver takes it; any other unchanged.

    `wasbs:` is an older name of the driver. The web address of a folder lists nothing, the
    storage's own does.
    """
    if found := _OLD_BLOB.fullmatch(address):
        container, account, inside = found.groups()
    elif (found := _WEB_BLOB.fullmatch(address)) and not is_table(address):
        account, container, inside = found.groups()
    else:
        return address
    return f"abfss://{container}@{account}.dfs.core.windows.net/{inside}"


def is_table(address: str) -> bool:
    """True if the address ends like that of a table."""
    name = address.partition("?")[0].partition("#")[0]
    return name.lower().endswith(_ENDINGS)
