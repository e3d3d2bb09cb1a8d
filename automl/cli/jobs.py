"""`automl validate`, `estimate`, `run` and `resume`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from automl.cli import audited, lookup
from automl.cli.data import Added, DataAssets, Datastores
from automl.cli.experiments import AsJson, say_summary
from automl.cli.output import (
    FAILED,
    USER_INPUT,
    fail,
    refusals,
    say,
    say_json,
    tell,
    tell_notes,
)
from automl.figures import wording
from automl.host import home
from automl.jobs import datastores

Node = Annotated[
    str | None, typer.Option(metavar="NAME", help="AutoML step of a pipeline that has several.")
]

if TYPE_CHECKING:
    from automl.experiments.experiment import Experiment


def validate(  # noqa: PLR0913 (the options of a command)
    job_file: Annotated[Path, typer.Argument(metavar="JOB.yml", help="The job file.")],
    datastore: Datastores = None,
    data_asset: DataAssets = None,
    node: Node = None,
    azure: Annotated[
        bool, typer.Option("--azure", help="Refuse what Azure would refuse, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a job file and print a sentence for every problem."""
    from automl.errors import UserError
    from automl.jobs import job_file as files
    from automl.jobs.job_errors import JobError

    problems: list[dict[str, Any]] = []
    notes: list[str] = []
    try:
        notes = _notes(job_file, datastores.places(datastore, data_asset), node)
        if azure and (refused := files.refused_by_azure(job_file, node)):
            raise JobError(refused)
    except JobError as error:
        problems = [problem.model_dump() for problem in error.problems]
        tell(str(error))
    except UserError as error:
        problems = [{"key": "job", "line": None, "message": str(error)}]
        tell(str(error))
    if as_json:
        say_json({"valid": not problems, "problems": problems, "notes": notes})
    else:
        if not problems:
            say(f"{job_file} is valid.")
        for note in notes:  # of a file that only Azure would refuse, too
            say(f"Note: {note}")
    if problems:
        raise typer.Exit(USER_INPUT)


def _notes(
    path: Path, places: tuple[dict[str, str], dict[str, str]], node: str | None
) -> list[str]:
    """Notes on a job file that can be run here; raises an error that says why it cannot."""
    from automl.jobs import job_file, job_notes

    job = job_file.load_file(path, (), *places, node)
    if "checkpoint_run_id" in job.training_parameters:
        from automl.model import warm_start  # 2 s of imports that few jobs need

        warm_start.check(job)
    return job_notes.notes(job)


def estimate(
    source: Annotated[Path, typer.Argument(metavar="JOB.yml|DATA", help="Job file, or data.")],
    datastore: Datastores = None,
    data_asset: DataAssets = None,
    node: Node = None,
    as_json: AsJson = False,
) -> None:
    """Train a few steps of a job on this machine and estimate its time, memory and disk space."""
    from automl.jobs import estimate, job_file

    with refusals():
        places = datastores.places(datastore, data_asset)
        job = job_file.load(source, (), *places, node)
        tell_notes(job)
        measured = estimate.measure(job)
    if as_json:
        say_json(measured.model_dump(mode="json"))
        return
    for sentence in measured.plan:
        say(sentence)
    number = measured.num_trials
    trials = wording.most_trials(number) if measured.plan else wording.count(number, "trial")
    say(f"{trials}, {measured.max_concurrent_trials} at a time.")
    if not measured.plan:
        say(f"Time: {wording.duration(measured.seconds)} if every trial runs to its last epoch.")
    say(f"Memory ({measured.device}): {measured.memory_bytes / 2**30:.2g} GB.")
    say(f"Disk: {measured.disk_bytes / 2**30:.2g} GB.")
    for trial in measured.measured:
        seconds = wording.duration(trial.seconds_per_epoch)
        say(f"{trial.model_name} at {trial.side} px: {seconds} an epoch.")
    for note in measured.notes:
        say(f"Note: {note}")


def run(  # noqa: PLR0913 (the options of a command)
    source: Annotated[
        Path,
        typer.Argument(
            metavar="JOB.yml|DATA", help="Job file; or a folder, archive or table of pictures."
        ),
    ],
    experiments_dir: Annotated[Path | None, typer.Option(help="Folder for the experiment.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the experiment.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a key: limits.max_trials=4."),
    ] = None,
    add: Added = None,
    datastore: Datastores = None,
    data_asset: DataAssets = None,
    node: Node = None,
    as_json: AsJson = False,
) -> None:
    """Run a job, or AutoMode on data, and wait for it; Ctrl-C stops it and keeps the best."""
    from automl.dataset import labels_file
    from automl.experiments.experiment import Experiment
    from automl.jobs import job_file
    from automl.model import warm_start

    with refusals():
        places = datastores.places(datastore, data_asset)
        job = labels_file.added(job_file.load(source, overrides or [], *places, node), add or [])
        warm_start.check(job, experiments_dir)
        tell_notes(job)
        experiment = Experiment.create(job, name=name, experiments_dir=experiments_dir)
    start_and_follow(experiment, as_json=as_json)


def start_and_follow(experiment: "Experiment", *, as_json: bool, **details: str) -> None:
    """Start a new experiment, wait for it, print its result, and set the exit code.

    Args:
        experiment: deleted if its job or data cannot be used.
        as_json: print the result as one object.
        details: to record in the audit log.
    """
    from automl.cli.follow import Follower

    with refusals(), Follower(experiment) as follower:
        with audited.recorded("start", experiment.id, **details):
            experiment.start()
        experiment.finish(follower.update)
    _say_result(experiment, as_json=as_json)


def resume(
    experiment: Annotated[str, lookup.ARGUMENT],
    minutes: Annotated[
        int | None,
        typer.Option(min=1, help="Time limit from now on; that of the job if left out."),
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(help="Go on with this Ray cluster; `local` is this machine alone."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go on with an experiment that was interrupted, stopped, failed or ended at its time limit."""
    resumed = lookup.find(experiment)
    with refusals(), audited.recorded("resume", resumed.id):
        resumed.resume(minutes, ray_address)
    follow_to_the_end(resumed, as_json=as_json)


def follow_to_the_end(experiment: "Experiment", *, as_json: bool) -> None:
    """Wait for an experiment that goes on, print its result, and set the exit code."""
    from automl.cli.follow import Follower

    with Follower(experiment) as follower:
        record = experiment.wait(follower.update)
    if record.failure in ("data", "job"):
        fail(record.message)
    _say_result(experiment, as_json=as_json)


def _say_result(experiment: "Experiment", *, as_json: bool) -> None:
    """Print the result and set the exit code."""
    summary = experiment.summary()
    if as_json:
        say_json(summary)
    else:
        say_summary(experiment)
    if summary["state"] not in ("completed", "stopped") or summary["best_trial"] is None:
        _fail_without_model(experiment)


def _fail_without_model(experiment: "Experiment") -> NoReturn:
    record, name = experiment.record, home.reference(experiment.directory)
    failed = [trial.error for trial in experiment.trials if trial.error]
    if not experiment.state.is_finished:
        fail(f"{record.experiment_id} goes on in the background: automl show {name}", FAILED)
    reason = record.message or "The engine ended without an error message."
    if failed:
        reason = f"{wording.count(len(failed), 'trial')} failed; the first: {failed[0].cause}"
    log = experiment.directory / "engine.log"
    details = f" Details are in {log}." if log.is_file() else ""  # none if it was only waiting
    fail(f"{record.experiment_id} has no model. {reason}{details}", FAILED)
