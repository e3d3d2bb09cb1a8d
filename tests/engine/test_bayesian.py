"""The sampler that learns, without training: scores are worked out from what was proposed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from ray.tune.search import Searcher

from automl.engine.bayesian import Bayesian
from automl.engine.pacing import Pacer
from automl.engine.planning import LeftOut, Plan, PlannedTrial, left_of, opening_trials
from automl.engine.resources import Resources
from automl.engine.results import Results
from automl.engine.search import SearchInputs, after_shortage
from automl.experiments import store
from automl.experiments.records import ExperimentRecord, TrialState, now
from automl.jobs import job_file
from automl.jobs.automode import Plan as AutoModePlan
from automl.jobs.automode import Recipe
from automl.jobs.distributions import Choice, LogUniform
from automl.jobs.job import Job
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.jobs.trial_cost import Costs, Counts
from tests.conftest import build_trial

SPACE = [
    {
        "model_name": {"type": "choice", "values": ["resnet18", "mobilenetv2"]},
        "learning_rate": {"type": "loguniform", "min_value": -9, "max_value": -1},
        "number_of_epochs": {"type": "quniform", "min_value": 2, "max_value": 20, "q": 2},
    },
    {"model_name": "vits16r224", "layers_to_freeze": {"type": "randint", "upper": 4}},
]

MAJORITY = {"method": "majority_class", "model_name": "resnet18"}


def job(folder: Path, *, max_trials: int = 12, seed: int = 0) -> Job:
    return Job.from_dict(
        {
            "training_data": {"path": str(folder)},
            "limits": {"max_trials": max_trials},
            "search_space": SPACE,
            "sweep": {"sampling_algorithm": {"type": "bayesian", "seed": seed}},
        }
    )


def sub_spaces(asked: Job) -> list[dict[str, Any]]:
    assert asked.search_space
    return asked.search_space


def open_results(folder: Path, asked: Job) -> Results:
    if not (folder / "e").exists():
        record = ExperimentRecord(experiment_id="e", created_at=now())
        store.create_experiment(folder, asked, record)
    return Results(folder / "e", "accuracy")


def goodness(asked: dict[str, Any]) -> float:
    return float(0.9 - abs(asked.get("learning_rate", 0.3) - 0.05))


def search(folder: Path, asked: Job, *, up_to: int = 100) -> list[dict[str, Any]]:
    """Run one trial after the other, leaving the one after `up_to` unfinished."""
    results = open_results(folder, asked)
    sampler = Bayesian(asked, results, sub_spaces(asked))
    for count in range(up_to + 1):
        config = sampler.suggest(f"ray-{count}")
        if config == Searcher.FINISHED or count == up_to:
            break
        trial = given(config)
        score = goodness(trial.requested)
        end(results, trial.trial_id, score)
        sampler.on_trial_complete(f"ray-{count}", {"anything": 1})
    return [trial.hyperparameters for trial in results.trials.values()]


def given(config: dict[str, Any]) -> PlannedTrial:
    """The trial that Ray is given."""
    return PlannedTrial.from_text(config["trial"])


def end(results: Results, trial_id: str, score: float) -> None:
    record = results.trials[trial_id]
    scored = build_trial(trial_id, [score])
    kept = {"evaluations": scored.evaluations, "best_epoch": 1, "state": TrialState.COMPLETED}
    results.trials[trial_id] = record.model_copy(update=kept)
    store.save_trial(results.experiment_dir, results.trials[trial_id])


def test_it_proposes_as_many_trials_as_were_asked_for_within_the_space(tmp_path: Path) -> None:
    trials = search(tmp_path, job(tmp_path))
    assert len(trials) == 12
    for asked in trials:
        if asked["model_name"] == "vits16r224":
            assert set(asked) == {"model_name", "layers_to_freeze"}
            assert asked["layers_to_freeze"] in range(4)
        else:
            assert 0.0001 < asked["learning_rate"] < 0.37
            assert asked["number_of_epochs"] in range(2, 21, 2)


def test_it_learns_where_the_good_trials_are(tmp_path: Path) -> None:
    trials = search(tmp_path, job(tmp_path, max_trials=40))
    early, late = trials[:10], trials[-10:]
    assert sum(map(goodness, late)) > sum(map(goodness, early))


def test_a_seed_repeats_the_search_and_another_does_not(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    first, again, other = (
        search(folder, job(tmp_path, seed=seed))
        for folder, seed in zip(folders, (5, 5, 6), strict=True)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("cut", [1, 7])
def test_a_resumed_search_goes_on_as_if_it_had_never_ended(tmp_path: Path, cut: int) -> None:
    whole = search(tmp_path / "whole", job(tmp_path))
    asked = job(tmp_path)
    search(tmp_path / "cut", asked, up_to=cut)
    assert search(tmp_path / "cut", asked) == whole


def test_a_trial_without_a_score_teaches_nothing_and_stops_nothing(tmp_path: Path) -> None:
    asked = job(tmp_path)
    results = open_results(tmp_path, asked)
    sampler = Bayesian(asked, results, sub_spaces(asked))
    trial = given(sampler.suggest("ray-0"))
    results.ended(trial.trial_id, TrialState.FAILED, "no memory")
    sampler.on_trial_complete("ray-0", None, error=True)
    assert given(sampler.suggest("ray-1")).number == 1
    again = Bayesian(asked, Results(tmp_path / "e", "accuracy"), sub_spaces(asked))
    assert given(again.suggest("x")).number == 1


def automode(folder: Path) -> tuple[Job, Plan]:
    """A search that opens with a trial outside of the space, and one inside."""
    asked = Job.from_dict({"training_data": {"path": str(folder)}, "limits": {"max_trials": 6}})
    space: list[dict[str, Any]] = [
        {
            "model_name": Choice(type="choice", values=["resnet18", "mobilenetv2"]),
            "learning_rate": LogUniform(type="loguniform", min_value=-9, max_value=-1),
            "optimizer": "adamw",
        }
    ]
    first = {"model_name": "mobilenetv2", "learning_rate": 0.05, "optimizer": "adamw"}
    recipes = [Recipe(MAJORITY), Recipe(first, 0)]
    opening, *_ = opening_trials(asked, AutoModePlan(recipes, space))
    return asked, Plan(opening, 6, space)


def run_opening(folder: Path, *, up_to: int = 100) -> list[dict[str, Any]]:
    asked, plan = automode(folder)
    results = open_results(folder, asked)
    left = results.plan(plan.trials)
    sampler = Bayesian(asked, results, plan.space, left)
    for count in range(up_to + 1):
        config = sampler.suggest(f"ray-{count}")
        if config == Searcher.FINISHED or count == up_to:
            break
        trial = given(config)
        end(results, trial.trial_id, goodness(trial.requested))
        sampler.on_trial_complete(f"ray-{count}", {"anything": 1})
    return [trial.hyperparameters for trial in results.trials.values()]


def test_a_search_opens_with_what_is_planned_and_learns_from_it(tmp_path: Path) -> None:
    trials = run_opening(tmp_path)
    assert len(trials) == 6
    assert trials[0] == MAJORITY
    assert trials[1]["learning_rate"] == pytest.approx(0.05)
    assert all(asked["optimizer"] == "adamw" for asked in trials[1:])
    assert len({asked["learning_rate"] for asked in trials[1:]}) == 5


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_planned_opening_is_resumed_like_the_rest(tmp_path: Path, cut: int) -> None:
    whole = run_opening(tmp_path / "whole")
    run_opening(tmp_path / "cut", up_to=cut)
    assert run_opening(tmp_path / "cut") == whole


def test_a_proposal_that_cannot_be_trained_is_a_failed_trial_and_the_search_goes_on(
    tmp_path: Path,
) -> None:
    """Values that do not go together are no reason to end a search that has begun."""
    space = [
        {
            "optimizer": {"type": "choice", "values": ["adam", "sgd"]},
            "beta1": {"type": "choice", "values": [0.9, 1]},
        }
    ]
    asked = Job.from_dict(
        {
            "training_data": {"path": str(tmp_path)},
            "limits": {"max_trials": 12},
            "search_space": space,
            "sweep": {"sampling_algorithm": {"type": "bayesian", "seed": 0}},
        }
    )
    trials = search(tmp_path, asked)
    assert len(trials) == 12
    refused = [
        record
        for record in open_results(tmp_path, asked).trials.values()
        if (record.hyperparameters["optimizer"], record.hyperparameters["beta1"]) == ("adam", 1)
    ]
    assert refused
    assert all(record.state is TrialState.FAILED for record in refused)
    assert all("beta1 is 1" in record.reason for record in refused)


def test_a_trial_that_the_clock_changes_teaches_the_point_that_was_tried(tmp_path: Path) -> None:
    limits = {"max_trials": 6, "timeout_minutes": 1}
    asked = Job.from_dict({"training_data": {"path": str(tmp_path)}, "limits": limits})
    space: list[dict[str, Any]] = [
        {
            "model_name": Choice(type="choice", values=["resnet18", "mobilenetv2"]),
            "number_of_epochs": Choice(type="choice", values=[6, 10, 16]),
            "training_crop_size": 224,
            "head_init": "linear_probe",
        }
    ]
    values = {"model_name": "resnet18", "number_of_epochs": 16, "training_crop_size": 224}
    point = {"sub_space": 0, "0.model_name": "resnet18", "0.number_of_epochs": 16}
    speed = NetworkSpeed(side=224, forward_seconds=0.01, step_seconds=0.05, batch_seconds=0.0)
    costs = Costs(Speeds(networks={"resnet18": speed}), Counts(200, 50, 5))
    results = open_results(tmp_path, asked)
    results.time_limit.begin(1.0)
    first = PlannedTrial.of(0, {**values, "head_init": "linear_probe"}, point)
    results.plan([first])
    pacer = Pacer(asked, results, costs, 1, [LeftOut(MAJORITY, 0)])
    sampler = Bayesian(asked, results, space, [first], pacer)
    # there is time for what the plan left out, before the training
    regained = given(sampler.suggest("ray-1"))
    assert (regained.number, regained.requested) == (1, MAJORITY)
    end(results, regained.trial_id, 0.5)
    sampler.on_trial_complete("ray-1", {"anything": 1})
    trial = given(sampler.suggest("ray-0"))
    assert trial.number == 0
    assert trial.requested["number_of_epochs"] == 2
    record = results.trials[trial.trial_id]
    assert record.proposal == {**point, "0.number_of_epochs": 6}
    end(results, trial.trial_id, 0.75)
    sampler.on_trial_complete("ray-0", {"anything": 1})
    study = optuna.load_study(study_name="search", storage=sampler._storage)
    told = [one for one in study.trials if one.value is not None]
    assert [(one.params, one.value) for one in told] == [(record.proposal, 0.75)]


def test_after_a_shortage_of_memory_a_probe_that_was_none_of_the_plan_goes_on(
    tmp_path: Path,
) -> None:
    limits = {"max_trials": 6, "timeout_minutes": 3}
    asked = Job.from_dict({"training_data": {"path": str(tmp_path)}, "limits": limits})
    speed = NetworkSpeed(side=224, forward_seconds=0.01, step_seconds=0.05, batch_seconds=0.0)
    costs = Costs(Speeds(networks={"resnet18": speed}), Counts(200, 50, 5))
    results = open_results(tmp_path, asked)
    results.time_limit.begin(3.0)
    training = {"model_name": "resnet18", "number_of_epochs": 400, "training_crop_size": 224}
    first = PlannedTrial.of(0, training)
    probe = {"method": "linear_probe", "model_name": "resnet18", "training_crop_size": 224}
    inputs = SearchInputs(
        asked,
        results.plan([first]),
        Resources(2, 1, 0.0, []),
        left_out=[LeftOut(MAJORITY, 0), LeftOut(probe, 0)],
        costs=costs,
    )
    sampler = Bayesian(
        asked, results, [], inputs.trials, Pacer(asked, results, costs, 2, inputs.left_out)
    )
    done = given(sampler.suggest("ray-0"))
    assert done.requested == MAJORITY
    end(results, done.trial_id, 0.5)
    begun = []
    for number in (1, 2):
        begun.append(given(sampler.suggest(f"ray-{number}")))
        results.started(begun[-1].trial_id)
    assert begun[1].requested["number_of_epochs"] < 400
    results.end_rest("Memory was short.")

    inputs = after_shortage(inputs, results)
    assert inputs.resources.max_concurrent_trials == 1
    assert inputs.trials == sorted(begun, key=lambda trial: trial.number)
    again = Pacer(asked, results, costs, 1, inputs.left_out)
    sampler = Bayesian(asked, results, [], results.plan(inputs.trials), again)
    asked_again = [given(sampler.suggest(f"ray-{number}")).requested for number in (3, 4)]
    assert MAJORITY not in asked_again
    assert begun[0].requested in asked_again


def test_a_training_without_time_once_it_is_measured_ends_the_search(tmp_path: Path) -> None:
    asked = Job.from_dict({"training_data": {"path": str(tmp_path)}, "limits": {"max_trials": 6}})
    speed = NetworkSpeed(side=224, forward_seconds=0.001, step_seconds=0.005, batch_seconds=0.0)
    costs = Costs(Speeds(networks={"resnet18": speed}), Counts(200, 50, 5))
    results = open_results(tmp_path, asked)
    results.time_limit.begin(30.0)
    probe = {"method": "k_nearest_neighbours", "model_name": "resnet18"}
    results._set(build_trial("trial-000", [0.5], hyperparameters=probe))
    left_out = {"model_name": "mobilenetv2", "training_crop_size": 224, "number_of_epochs": 6}

    def measured(_: Sequence[str]) -> Speeds:
        return Speeds(networks={"resnet18": speed, "mobilenetv2": speed.times(1000)})

    pacer = Pacer(asked, results, costs, 1, [LeftOut(left_out, 0)], measured)
    assert Bayesian(asked, results, [left_out], (), pacer).suggest("ray-0") == Searcher.FINISHED
    assert not any("there is time" in sentence for sentence in results.experiment.plan)
    assert pacer.closing


def test_a_sampler_knows_the_trials_of_another_space_that_are_in_its_own(tmp_path: Path) -> None:
    search(tmp_path, job(tmp_path, max_trials=8))
    results = Results(tmp_path / "e", "accuracy")
    narrow = [{**SPACE[0], "learning_rate": {"type": "uniform", "min_value": 0, "max_value": 0.2}}]
    asked = job(tmp_path, max_trials=9).to_yaml()
    wanted = job_file.changed(Job.from_yaml(asked), [f"search_space={json.dumps(narrow)}"])
    sampler = Bayesian(wanted, results, sub_spaces(wanted))
    study = optuna.load_study(study_name="search", storage=sampler._storage)
    tried = [trial.hyperparameters for trial in results.trials.values()]
    known = [one for one in tried if one.get("learning_rate", 1) <= 0.2]
    assert 0 < len(known) < len(tried)
    assert [trial.params["0.learning_rate"] for trial in study.trials] == pytest.approx(
        [one["learning_rate"] for one in known]
    )
    assert [trial.value for trial in study.trials] == pytest.approx(list(map(goodness, known)))
    config = sampler.suggest("ray-8")
    assert 0 <= given(config).requested["learning_rate"] <= 0.2


def test_a_trial_of_another_space_that_was_cut_short_goes_on_as_it_was(tmp_path: Path) -> None:
    search(tmp_path, job(tmp_path), up_to=4)
    results = Results(tmp_path / "e", "accuracy")
    (left,) = left_of(list(results.trials.values()))
    other = [{**SPACE[0], "model_name": {"type": "choice", "values": ["resnet34", "resnet50"]}}]
    asked = job(tmp_path).to_yaml()
    wanted = job_file.changed(Job.from_yaml(asked), [f"search_space={json.dumps(other)}"])
    sampler = Bayesian(wanted, results, sub_spaces(wanted), [left])
    trial = given(sampler.suggest("ray-0"))
    assert (trial.number, trial.requested) == (left.number, left.requested)
    end(results, trial.trial_id, 0.5)
    sampler.on_trial_complete("ray-0", {"anything": 1})
    following = given(sampler.suggest("ray-1"))
    assert following.number == left.number + 1
    assert following.requested["model_name"] in ("resnet34", "resnet50")
