"""How often the true end of a search lies in the range of the time left.

Replays recorded runs: at each hundredth of a run the records are cut to what was known then, and
the range is compared with the moment at which the run ended. `--record` adds runs to the file.

    python -m benchmarks.time_left
    python -m benchmarks.time_left --record ~/.automl/experiments/pets
"""

import argparse
import json
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from automl.experiments import store, time_left
from automl.experiments.records import ExperimentRecord, ExperimentState, TrialRecord

RECORDED = Path(__file__).parents[1] / "tests" / "data" / "recorded-runs.json"
_KEPT = ("model_name", "method", "number_of_epochs", "training_crop_size")
_FROM = 0.1
"""Share of a run from which its end is to be known."""


class Run(NamedTuple):
    """A run that has ended."""

    record: ExperimentRecord
    trials: list[TrialRecord]


class Moment(NamedTuple):
    """Forecast at a moment of a run, and the truth."""

    share: float
    left: float
    """Seconds that it took from there."""

    said: time_left.TimeLeft
    why_later: str


def runs(path: Path = RECORDED) -> list[Run]:
    """The recorded runs."""
    return [
        Run(
            ExperimentRecord.model_validate(run["experiment"]),
            [TrialRecord.model_validate(trial) for trial in run["trials"]],
        )
        for run in json.loads(path.read_text())
    ]


def replay(run: Run, num_moments: int = 100) -> list[Moment]:
    """Forecasts at moments from a tenth of the run on."""
    assert run.record.started_at is not None
    assert run.record.ended_at is not None
    whole = (run.record.ended_at - run.record.started_at).total_seconds()
    moments = []
    for number in range(round(_FROM * num_moments), num_moments):
        now = run.record.started_at + timedelta(seconds=whole * number / num_moments)
        trials = time_left.as_of(run.record, run.trials, now)
        has_begun = any(trial.started_at for trial in trials)
        state = ExperimentState.RUNNING if has_begun else ExperimentState.PREPARING
        record = run.record.model_copy(update={"state": state, "ended_at": None})
        said = time_left.estimate(record, trials, now)
        why = time_left.why_later(record, trials, now)
        share = number / num_moments
        moments.append(Moment(share, whole * (1 - share), said, why))
    return moments


def is_right(moment: Moment) -> bool | None:
    """True if the true end lies in the range; None if none was said."""
    whole = moment.said.whole
    return None if whole is None else whole.low <= moment.left <= whole.high


def _recorded(experiment_dir: Path) -> dict[str, Any]:
    record = store.load_experiment(experiment_dir)
    kept = {"started_at", "ended_at", "deadline", "created_at", "plan", "num_trials", "state"}
    kept |= {"experiment_id", "max_concurrent_trials", "message", "paused_seconds"}
    kept |= {"num_first_trials"}
    return {
        "experiment": record.model_dump(mode="json", include=kept),
        "trials": [_recorded_trial(trial) for trial in store.load_trials(experiment_dir)],
    }


def _recorded_trial(trial: TrialRecord) -> dict[str, Any]:
    evaluations = [
        each.model_copy(update={"metrics": {}, "train_loss": 0, "valid_loss": 0})
        for each in trial.evaluations
    ]
    changes = {
        "evaluations": evaluations,
        "hyperparameters": _of(trial.hyperparameters),
        "effective": _of(trial.effective),
        "proposal": None if trial.proposal is None else {},
        "notes": [],
        "comparable_scores": {},
    }
    kept = trial.model_copy(update=changes)
    return kept.model_dump(mode="json", exclude_defaults=True)


def _of(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in _KEPT if name in values}


def _row(run: Run) -> str:
    moments = replay(run)
    known = [moment for moment in moments if moment.said.whole is not None]
    right = sum(bool(is_right(moment)) for moment in known)
    widths = [each.said.whole.high - each.said.whole.low for each in known if each.said.whole]
    whole = (moments[0].left) / (1 - moments[0].share)
    told = f"{right / len(known):5.0%}" if known else "    –"
    width = f"{median(widths) / whole:5.0%}" if widths else "    –"
    name, share = run.record.experiment_id, len(known) / len(moments)
    return f"{name:18} {whole:5.0f} s  known {share:4.0%}  in range {told}  width {width}"


def main() -> None:
    """Print a row for each run, and the share over all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path, nargs="*", default=[], metavar="EXPERIMENT_DIR")
    arguments = parser.parse_args()
    if arguments.record:
        before = json.loads(RECORDED.read_text()) if RECORDED.is_file() else []
        added = [*before, *(_recorded(folder) for folder in arguments.record)]
        RECORDED.write_text(json.dumps(added) + "\n")
    found = runs()
    for run in found:
        print(_row(run))
    answers = [is_right(moment) for run in found for moment in replay(run)]
    said = [answer for answer in answers if answer is not None]
    print(f"{sum(said) / len(said):.1%} of {len(said)} ranges hold")
    print(f"no range at {len(answers) - len(said)} moments, before the first epoch")


if __name__ == "__main__":
    main()
