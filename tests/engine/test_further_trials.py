"""The plan of a search that goes on beyond its end."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from automl.dataset import manifest
from automl.dataset.manifest import Manifest
from automl.engine import further_trials
from automl.engine.planning import Plan, PlannedTrial, plan
from automl.experiments.records import Continuation, TrialRecord, TrialState, now
from automl.jobs.job import Job
from tests.conftest import build_trial

SPACE = [{"learning_rate": {"type": "loguniform", "min_value": -9, "max_value": -3}}]


def job(folder: Path, max_trials: int, **keys: Any) -> Job:
    given = {"search_space": SPACE, "limits": {"max_trials": max_trials}, **keys}
    return Job.from_dict({"training_data": {"path": str(folder)}, **given})


def went_on(number: int, trained_on: dict[str, Any] | None = None) -> Continuation:
    return Continuation(at=now(), by="ann", first_number=number, changes=[], trained_on=trained_on)


def recorded(trials: Sequence[PlannedTrial], *, cut: Sequence[int] = ()) -> list[TrialRecord]:
    return [
        build_trial(
            trial.trial_id,
            [0.5],
            number=trial.number,
            hyperparameters=trial.requested,
            state=TrialState.STOPPED if trial.number in cut else TrialState.COMPLETED,
            was_cut_short=trial.number in cut,
        )
        for trial in trials
    ]


@functools.cache
def read(folder: Path) -> Manifest:
    return manifest.build(job(folder, 1))


def planned_first(asked: Job) -> list[PlannedTrial]:
    return plan(asked, read(asked.training_data.path), has_gpu=False).trials


def planned(asked: Job, trials: Sequence[TrialRecord], latest: Continuation) -> Plan:
    data = read(asked.training_data.path)
    anew = functools.partial(plan, asked, data, has_gpu=False, recorded=trials)
    return further_trials.further(asked, trials, latest, anew)


@pytest.mark.parametrize("rule", ["random", "sobol"])
def test_a_drawn_sequence_goes_on_where_it_stopped(shapes: Path, rule: str) -> None:
    sweep = {"sampling_algorithm": {"type": "random", "rule": rule}}
    whole = planned_first(job(shapes, 6, sweep=sweep))
    before = recorded(whole[:4], cut=[1])
    found = planned(job(shapes, 6, sweep=sweep), before, went_on(4))
    assert [trial.number for trial in found.trials] == [1, 4, 5]
    assert [trial.requested for trial in found.trials] == [
        whole[number].requested for number in (1, 4, 5)
    ]
    assert found.num_trials == 6
    # an engine that dies after its plan was recorded draws nothing twice
    again = planned(job(shapes, 6, sweep=sweep), recorded(whole, cut=[4, 5]), went_on(4))
    assert [trial.number for trial in again.trials] == [4, 5]


def test_a_trial_that_is_trained_on_comes_before_those_that_are_drawn(shapes: Path) -> None:
    before = recorded(planned_first(job(shapes, 2)))
    longer = {"model_name": "resnet18", "checkpoint_run_id": "e/trial-001", "number_of_epochs": 3}
    found = planned(job(shapes, 5), before, went_on(2, longer))
    assert [trial.number for trial in found.trials] == [2, 3, 4]
    assert found.trials[0].requested == longer
    assert len({str(trial.requested) for trial in found.trials}) == 3


def test_another_space_gives_other_trials_and_a_grid_ends_with_its_combinations(
    shapes: Path,
) -> None:
    before = recorded(planned_first(job(shapes, 3)))
    epochs = {"type": "choice", "values": [3, 4, 5]}
    grid = {"sampling_algorithm": "grid"}
    other = job(shapes, 9, search_space=[{"number_of_epochs": epochs}], sweep=grid)
    found = planned(other, before, went_on(3))
    assert [trial.requested["number_of_epochs"] for trial in found.trials] == [3, 4, 5]
    assert [trial.number for trial in found.trials] == [3, 4, 5]
    assert found.num_trials == 6


def test_a_single_trial_can_only_be_trained_on(shapes: Path) -> None:
    alone = job(shapes, 1, search_space=None)
    before = recorded(planned_first(alone))
    longer = {"model_name": "resnet18", "checkpoint_run_id": "e/trial-000", "number_of_epochs": 3}
    found = planned(alone, before, went_on(1, longer))
    assert [trial.requested for trial in found.trials] == [longer]
    assert found.num_trials == 2


def test_a_sampler_that_learns_gets_what_is_left_and_its_space(shapes: Path) -> None:
    sweep = {"sampling_algorithm": "bayesian"}
    before = [
        build_trial("trial-000", [0.5]),
        build_trial("trial-001", state=TrialState.PENDING, number=1),
    ]
    longer = {"model_name": "resnet18", "checkpoint_run_id": "e/trial-000", "number_of_epochs": 3}
    found = planned(job(shapes, 5, sweep=sweep), before, went_on(2, longer))
    assert [trial.number for trial in found.trials] == [1, 2]
    assert found.num_trials == 5
    assert len(found.space) == 1


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_of_a_space_of_few_values_is_found_although_draws_repeat(
    shapes: Path, seed: int
) -> None:
    values = [3, 4, 5, 6]
    space = [{"number_of_epochs": {"type": "choice", "values": values}}]
    sweep = {"sampling_algorithm": {"type": "random", "seed": seed}}
    before = recorded(planned_first(job(shapes, 3, search_space=space, sweep=sweep)))
    found = planned(job(shapes, 9, search_space=space, sweep=sweep), before, went_on(3))
    tried = {each.hyperparameters["number_of_epochs"] for each in before}
    new = [trial.requested["number_of_epochs"] for trial in found.trials]
    assert sorted([*tried, *new]) == values
