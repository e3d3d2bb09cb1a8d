"""`python -m tests.faults [-n 20]`: every blow many times.

An experiment is struck once in each part of its life, always at the same victim. Prints a table and
writes it as JSON; with `--docs` also into docs/reliability.md. Exit code 1 if anything was lost.
"""

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from automl.experiments import launcher
from benchmarks import local_head
from tests.faults import scenario, victims

BLOWS = {
    **dict.fromkeys(("engine", "everything", "raylet", "gcs"), tuple(scenario.MOMENTS)),
    "worker": ("epoch", "checkpoint"),
    "fork server": ("epoch",),
}
"""Each victim, and the moments in their order."""

_DOCS = Path("docs/reliability.md")
_MARKS = ("<!-- faults -->\n", "<!-- /faults -->\n")


@dataclass
class Row:
    """One kind of blow."""

    victim: str
    moment: str
    repetitions: int = 0
    hits: int = 0
    """Repetitions in which the victim was there to be killed."""

    trials_lost: int = 0
    epochs_lost: int = 0
    """Recorded before the blow, and trained again after it."""

    other_numbers: int = 0
    """Experiments that ended otherwise than the undisturbed one."""

    resume_seconds: list[float] = field(default_factory=list)
    """From the wish to go on to the next evaluation or the end; where somebody had to wish it."""

    problems: tuple[str, ...] = ()


def main() -> int:
    options = _options()
    rows = [
        [Row(victim, moment) for moment in moments]
        for victim, moments in BLOWS.items()
        if options.only in victim
    ]
    all_rows = [row for each in rows for row in each]
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        os.environ["AUTOML_HOME"] = str(Path(folder) / "home")
        pictures = scenario.draw(Path(folder) / "pictures")
        undisturbed = {kind: _run(pictures, kind) for kind in scenario.JOBS}
        started = time.monotonic()
        for count, struck in itertools.product(range(options.repetitions), rows):
            if time.monotonic() - started > 60 * options.minutes:
                break
            kind = list(scenario.JOBS)[count % len(scenario.JOBS)]
            chance = random.Random(f"{options.seed} {count} {struck[0].victim}")
            _strike(struck, pictures, kind, undisturbed[kind], chance)
            _write(all_rows, options)
        local_head.stop()
    sys.stdout.write(_table(all_rows) + "\n")
    return 1 if any(row.problems for row in all_rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("-n", "--repetitions", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=600, help="begin no blow after that")
    parser.add_argument("--only", default="", help="victims whose name holds this, such as: raylet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=Path("faults.json"))
    parser.add_argument("--docs", action="store_true", help=f"write the table into {_DOCS}")
    return parser.parse_args()


def _run(pictures: Path, kind: str) -> Path:
    directory = scenario.create(pictures, kind, f"undisturbed {kind}")
    launcher.start(directory)
    record = scenario.finish(directory)
    assert record.state == "completed", (record.message, record.details)
    return directory


def _strike(
    rows: list[Row], pictures: Path, kind: str, undisturbed: Path, chance: random.Random
) -> None:
    """One experiment, struck at every moment; what is lost counts for the last blow before that."""
    directory = scenario.create(pictures, kind, f"{rows[0].victim} {rows[0].repetitions + 1}")
    victims.start_from_an_app_that_is_killed(directory)
    try:
        for row in rows:
            row.repetitions += 1
            outcome = scenario.strike(directory, row.victim, row.moment, chance)
            row.hits += outcome.is_hit
            row.resume_seconds += [outcome.resume_seconds] if outcome.resume_seconds else []
        scenario.finish(directory)
        scenario.assert_same(directory, undisturbed)
    except scenario.EpochLostError as error:
        row.epochs_lost += 1
        row.problems += (str(error),)
    except scenario.TrialLostError as error:
        row.trials_lost += 1
        row.problems += (str(error),)
    except AssertionError as error:
        row.other_numbers += 1
        row.problems += (str(error)[:2000],)
    launcher.stop(directory)
    scenario.finish(directory)


def _write(rows: list[Row], options: argparse.Namespace) -> None:
    result = {"at": f"{datetime.now(UTC):%Y-%m-%d}", "rows": [asdict(row) for row in rows]}
    options.json.write_text(json.dumps(result, indent=1), "utf-8")
    if options.docs and _DOCS.is_file():
        before, _, rest = _DOCS.read_text("utf-8").partition(_MARKS[0])
        after = rest.partition(_MARKS[1])[2]
        table = f"{_MARKS[0]}{_table(rows)}\n{_MARKS[1]}"
        _DOCS.write_text(before + table + after, "utf-8")


def _table(rows: list[Row]) -> str:
    lines = [
        "| kill -9 of | in the middle of | repetitions | in time | trials lost or doubled | "
        "epochs trained again | other numbers | seconds until it goes on |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.victim} | {row.moment} | {row.repetitions} | {row.hits} | {row.trials_lost} | "
        f"{row.epochs_lost} | {row.other_numbers} | {_going_on(row)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _going_on(row: Row) -> str:
    if row.victim in scenario.BY_THEMSELVES:
        return "by itself"
    return f"{statistics.median(row.resume_seconds):.1f}" if row.resume_seconds else "-"


if __name__ == "__main__":
    sys.exit(main())
