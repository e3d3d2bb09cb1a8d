"""`automl versions`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli.experiments import AsJson
from automl.cli.output import fail, refusals, say, say_json, say_table
from automl.figures import wording

if TYPE_CHECKING:
    from automl.jobs.data_versions import Version

_NUM_DIGITS = 12
"""Digits of a hash as shown to people."""


def show(
    source: Annotated[
        Path, typer.Argument(metavar="DATA|JOB.yml", help="The data, or a job that names it.")
    ],
    as_json: AsJson = False,
) -> None:
    """List the versions of a data set: what was corrected, when and by whom.

    Train on one with `automl run DATA --set data_version=NAME`.
    """
    from automl.figures import version_text
    from automl.jobs import addresses, data_versions, job_file

    with refusals():
        data = job_file.load(source).training_data.path
        versions = data_versions.of(data)
    changes = [data_versions.changes_of(version, versions) for version in versions]
    if as_json:
        rows = [
            {**version.model_dump(mode="json"), "changes": changed.model_dump()}
            for version, changed in zip(versions, changes, strict=True)
        ]
        say_json({"data": str(data), "versions": rows})
    elif versions:
        say_table(
            ["version", "parent", "hash", "when", "by", "changed"],
            [
                (
                    version.name,
                    _parent(version, versions),
                    version.data_hash[:_NUM_DIGITS],
                    wording.local_time(version.at),
                    version.by,
                    version_text.changes(changed),
                )
                for version, changed in zip(versions, changes, strict=True)
            ],
        )
    elif addresses.of(data) is None and not data.exists():
        fail(f"{data} does not exist. Name a folder, an archive or a table of pictures.")
    else:
        say(f"{data} has no versions yet. A search keeps the one that it was run with.")


def _parent(version: "Version", versions: "list[Version]") -> str:
    if version.parent is None:
        return "–"
    is_there = version.parent in [each.name for each in versions]
    return version.parent if is_there else f"{version.parent} (gone)"
