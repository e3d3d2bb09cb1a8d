"""Sentences about versions of a data set, for commands and pages."""

from automl.figures import wording
from automl.jobs.data_versions import Changes


def changes(found: Changes) -> str:
    """What a version changes about its parent."""
    parts = [
        (found.relabelled, "picture relabelled", "pictures relabelled"),
        (found.left_out, "picture left out or taken back", "pictures left out or taken back"),
        (found.moved, "picture moved", "pictures moved"),
        (found.noted, "picture noted", "pictures noted"),
        (found.renamed, "class renamed", "classes renamed"),
    ]
    said = [f"{count:,} {one if count == 1 else several}" for count, one, several in parts if count]
    if found.leaks:
        said.append("copies across the splits settled otherwise")
    return ", ".join(said) or wording.NOTHING
