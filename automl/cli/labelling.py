"""`automl label-next`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl.cli import audited
from automl.cli.data import Added, DataAssets, Datastores
from automl.cli.experiments import AsJson
from automl.cli.output import fail, refusals, say, say_json, tell, tell_notes
from automl.figures import wording
from automl.host import home
from automl.jobs import datastores

if TYPE_CHECKING:
    from automl.evaluation.label_next import LabelNext
    from automl.jobs.job import Job


def label_next(  # noqa: PLR0913 (the options of a command)
    place: Annotated[
        Path,
        typer.Option(
            "--from",
            help="Folder, or .zip, .tar, .parquet, .npz or .arrow file, of pictures without a "
            "label.",
        ),
    ],
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[E|DATA|JOB.yml]",
            help="What is labelled by now: an experiment, its data or a job; nothing if left out.",
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Pictures to label.")] = 50,
    output: Annotated[
        Path | None,
        typer.Option(help="Write a table to fill; automl check and run read it with --add."),
    ] = None,
    add: Added = None,
    datastore: Datastores = None,
    data_asset: DataAssets = None,
    as_json: AsJson = False,
) -> None:
    """Say which pictures to label next: those that teach a model most."""
    from automl.cli import first_look
    from automl.dataset import labels_file, unlabelled
    from automl.evaluation.label_next import NOTHING_LABELLED, LabelNext
    from automl.serving import keeping

    if add and source is None:
        fail(
            "--add adds pictures to labelled data, and none is named. Name it, or the table: "
            f"automl label-next {shlex.quote(str(add[0]))} --from {shlex.quote(str(place))}"
        )
    place = home.absolute(place)
    with refusals():
        unlabelled.check(place)
        job, experiment = _job(source, place, datastores.places(datastore, data_asset))
        job = labels_file.added(job, add or [])
        action = "label_kept_pictures" if keeping.are_kept(place) else "label"
        details = {"data": str(job.training_data.path), "place": str(place)}
        with audited.recorded(action, experiment, **details):
            nothing = [] if source else [NOTHING_LABELLED]
            arguments = [str(place), str(count), *nothing]
            answer = first_look.answer_of("automl.engine.label_next", job, *arguments)
    found = LabelNext.model_validate_json(answer)
    if output is not None:
        with refusals():
            labels_file.write(output, found.suggestions)
    if as_json:
        say_json(found.model_dump(mode="json"))
        return
    _say(found, output)


def _job(
    source: str | None, place: Path, places: tuple[dict[str, str], dict[str, str]]
) -> tuple["Job", str]:
    """The job of the labelled data, and the id of the experiment if it is one."""
    from automl.cli import lookup
    from automl.jobs import job_file

    if source is None or home.expanded(source).exists():
        job = job_file.load(Path(source) if source else place, (), *places)
        tell_notes(job)
        return job, ""
    found = lookup.find(source)
    return found.job, found.id


def _say(found: "LabelNext", output: Path | None) -> None:
    from automl.dataset import label_sets
    from automl.figures import label_next_text

    if output is None:
        for each in found.suggestions:
            guess = f"{each.guess}? ({each.probability:.2f})" if each.guess else each.why
            if isinstance(each.guess, list):
                labels = label_sets.text(each.guess) or "no label"
                guess = f"{labels}? (least sure of {each.second}, {each.probability:.2f})"
            say(f"{each.path}: {guess}")
    else:
        pictures = wording.count(len(found.suggestions), "picture")
        tell(
            f"{pictures} to label are in {output}. Fill its column label; --add {output} adds them."
        )
    if found.num_unreadable:
        tell(label_next_text.unreadable(found.num_unreadable))
    for worth in found.forecast or []:
        tell(label_next_text.worth(worth))
