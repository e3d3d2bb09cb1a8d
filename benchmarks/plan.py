"""How AutoMode's expected seconds compare with what happened: `python -m benchmarks.plan DIR …`.

Reads directories of experiments that ended on this machine, whose speed is in the cache. Each trial
has the seconds that it was expected to take before anything had run, those by the speed of the
trials before it, as the plan is revised, and those that it took. Last come the parts of the limit.
"""

import sys
from dataclasses import replace
from pathlib import Path

from automl.dataset import manifest
from automl.engine import end_time, measuring, pacing
from automl.experiments import store
from automl.experiments.records import TrialRecord
from automl.jobs import schedule, speeds
from automl.jobs.trial_cost import Costs, Features, features_of
from benchmarks.figures import Figures


def main(directories: list[str]) -> None:
    measured = Figures()
    for directory in map(Path, directories):
        compare(directory, measured)
    measured.print_last_line()


def compare(directory: Path, measured: Figures) -> None:
    """Print the trials of one experiment and where its limit went."""
    record, job = store.load_experiment(directory), store.load_job(directory)
    report = store.load_report(directory)
    on_gpu = "GPU" in " ".join(record.devices)
    known = speeds.cached("gpu" if on_gpu else "cpu", record.threads_per_trial or 1)
    if report is None or known is None or record.started_at is None or record.ended_at is None:
        print(f"{directory.name}: it has not ended, or the speed of this machine is not known.")
        return
    data = manifest.stored(store.load_samples(directory), report)
    costs = measuring.costs(data, known, on_gpu=on_gpu)
    trials = {trial.trial_id: trial for trial in store.load_trials(directory)}
    ran = [
        trial
        for trial in trials.values()
        if trial.started_at is not None and trial.is_kept and not trial.members
    ]
    ran.sort(key=lambda trial: str(trial.started_at))
    print(f"{directory.name}\n| trial | expected | revised | took | took / revised |")
    print("|---|---|---|---|---|")
    ratios = [_printed(trial, ran[:number], costs) for number, trial in enumerate(ran)]
    if not ran or ran[-1].ended_at is None or ran[0].started_at is None:
        return
    _, factor = pacing.slowdown(costs, ran)
    limit, seconds = 60.0 * job.limits.timeout_minutes, sum(trial.seconds or 0.0 for trial in ran)
    best = trials.get(record.best_trial or "", ran[0])
    networks = end_time.frozen_networks(best, trials)
    parts = {
        "start": (ran[0].started_at - record.started_at).total_seconds(),
        "trials": seconds,
        "useful_share": seconds / limit,
        "end": (record.ended_at - ran[-1].ended_at).total_seconds(),
        "kept_for_the_end": schedule.kept_of(limit, costs, factor, frozen_networks=networks),
        "slowdown": factor * costs.speeds.slowness,
        "unused": limit - (record.ended_at - record.started_at).total_seconds(),
        "took_of_revised": sorted(ratios)[len(ratios) // 2],
    }
    for name, value in parts.items():
        measured.add(f"{directory.name}_{name}", value)


def _printed(trial: TrialRecord, before: list[TrialRecord], costs: Costs) -> float:
    """Print a trial; returns what it took as a multiple of what was expected when it started."""
    seen: set[Features] = set()
    for one in before:
        seen |= features_of(one.hyperparameters)
    expected = costs.of(trial.hyperparameters, seen).seconds
    factors, other = pacing.slowdown(costs, before)
    revised = replace(costs, speeds=costs.speeds.times(factors, other))
    then, took = revised.of(trial.hyperparameters, seen).seconds, trial.seconds or 0.0
    print(f"| {trial.title} | {expected:.0f} s | {then:.0f} s | {took:.0f} s | {took / then:.2f} |")
    return took / then


if __name__ == "__main__":
    main(sys.argv[1:])
