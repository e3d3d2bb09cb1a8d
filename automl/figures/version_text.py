"""Sentences about versions of a data set, for commands and pages."""

from automl.evaluation.significance import LEVEL
from automl.experiments.across import Comparison
from automl.figures import wording
from automl.jobs.data_versions import Changes

NOT_COMPARABLE = (
    "No test: the two trials share no picture that both were scored on, or one has no score."
)


def changes(found: Changes) -> str:
    """What a version changes about its parent."""
    parts = [
        (found.added, "picture added or taken back", "pictures added or taken back"),
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


def verdict(found: Comparison) -> str:
    """Two trials of two experiments on the pictures of both, with the paired test."""
    by_labels = ""
    if found.num_relabelled:
        by_labels = f", {found.num_relabelled:,} of them by the other labels of the later one"
    scores = f"{wording.score(found.first)} against {wording.score(found.second)}"
    chance = "may be chance" if found.p_value > LEVEL else "is unlikely to be chance"
    return (
        f"On the {wording.count(found.num_pictures, 'picture')} that both answered for{by_labels}: "
        f"{scores}. The difference {chance} (paired test of these two trials, "
        f"p = {found.p_value:.2g})."
    )
