"""The first score of `automl check --look`."""

from rich.progress import Progress

from automl.cli.output import console, say, say_table
from automl.evaluation.first_score import FirstScore
from automl.figures import first_score_text
from automl.jobs.job import Job
from automl.jobs.side_process import SideProcess

_NUM_SHOWN = 10


def score(job: Job) -> FirstScore:
    """Compute the first score in a process of its own, with a progress bar on a terminal.

    Raises:
        UserError: see `automl.engine.first_score.score`.
    """
    out = console(stderr=True)
    with (
        SideProcess("automl.engine.first_score", job) as process,
        Progress(console=out, transient=True, disable=not out.is_terminal) as bar,
    ):
        task = bar.add_task("Looking at the pictures", total=None)
        while process.is_running(wait_seconds=0.2):
            done, total = process.count()
            bar.update(task, completed=done, total=total or None)
        return FirstScore.model_validate_json(process.result())


def say_score(found: FirstScore) -> None:
    """Print the score, the weakest classes, the confusions and the doubtful labels."""
    say(f"\nFirst score: {first_score_text.headline(found)}")
    weak = [each for each in found.recalls if each.num_right < each.num_pictures]
    if weak:
        rows = [(each.name, f"{each.num_right} of {each.num_pictures}") for each in weak]
        say_table(["weakest class", "right"], rows[:_NUM_SHOWN], numbers="right")
    if found.confused:
        pairs = [(each.true, each.predicted, each.num_pictures) for each in found.confused]
        say_table(["class", "taken for", "pictures"], pairs[:_NUM_SHOWN], numbers="pictures")
    if found.doubtful:
        say(f"Labels in doubt ({len(found.doubtful):,}), the clearest first:")
        for doubt in found.doubtful[:_NUM_SHOWN]:
            say(
                f"    {doubt.path}: {doubt.label}? {doubt.suggested} has probability "
                f"{doubt.probability:.2f}, {doubt.label} {doubt.given_probability:.2f}"
            )
        if len(found.doubtful) > _NUM_SHOWN:
            say(f"… and {len(found.doubtful) - _NUM_SHOWN:,} more; --json lists all.")
