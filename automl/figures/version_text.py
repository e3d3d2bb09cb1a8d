"""Sentences about versions of a data set, for commands and pages."""

from automl.evaluation.significance import LEVEL
from automl.experiments.across import Comparison
from automl.figures import wording
from automl.jobs.data_versions import Changes
from automl.texts import _, mark, ngettext

NOT_COMPARABLE = mark(
    "No test: the two trials share no picture that both were scored on, or one has no score."
)


def changes(found: Changes) -> str:
    """Changes of a version against its parent."""
    parts = [
        (
            found.added,
            ngettext(
                "{count} picture added or taken back",
                "{count} pictures added or taken back",
                found.added,
            ),
        ),
        (
            found.relabelled,
            ngettext("{count} picture relabelled", "{count} pictures relabelled", found.relabelled),
        ),
        (
            found.left_out,
            ngettext(
                "{count} picture left out or taken back",
                "{count} pictures left out or taken back",
                found.left_out,
            ),
        ),
        (found.moved, ngettext("{count} picture moved", "{count} pictures moved", found.moved)),
        (found.noted, ngettext("{count} picture noted", "{count} pictures noted", found.noted)),
        (
            found.renamed,
            ngettext("{count} class renamed", "{count} classes renamed", found.renamed),
        ),
    ]
    said = [text.format(count=wording.integer(count)) for count, text in parts if count]
    if found.leaks:
        said.append(_("copies across the splits settled otherwise"))
    return ", ".join(said) or wording.NOTHING


def verdict(found: Comparison) -> str:
    """Two trials of two experiments on the pictures of both, with the paired test."""
    if found.num_relabelled:
        scores = _(
            "On the {pictures} that both answered for, {relabelled} of them by the other labels of "
            "the later one: {first} against {second}."
        )
    else:
        scores = _("On the {pictures} that both answered for: {first} against {second}.")
    said = scores.format(
        pictures=wording.count(found.num_pictures, "picture"),
        relabelled=wording.integer(found.num_relabelled),
        first=wording.score(found.first),
        second=wording.score(found.second),
    )
    if found.p_value > LEVEL:
        verdict = _(
            "The difference may be chance (paired test of these two trials, p = {p_value})."
        )
    else:
        verdict = _(
            "The difference is unlikely to be chance (paired test of these two trials, "
            "p = {p_value})."
        )
    return f"{said} {verdict.format(p_value=f'{found.p_value:.2g}')}"
