"""The plan while it runs, with made-up speeds and records; nothing is trained."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl.engine.pacing import Pacer, slowdown
from automl.engine.planning import LeftOut, PlannedTrial
from automl.engine.results import Results
from automl.experiments import endings, store
from automl.experiments.records import Evidence, ExperimentRecord, TrialRecord, TrialState, now
from automl.jobs import plan_text, schedule
from automl.jobs.distributions import Choice
from automl.jobs.hyperparameters import has_stages, is_mirrored, networks_of
from automl.jobs.job import Job
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.jobs.trial_cost import Costs, Counts
from tests.conftest import build_trial

SPEED = NetworkSpeed(side=224, forward_seconds=0.01, step_seconds=0.04, batch_seconds=0.0)
COSTS = Costs(
    Speeds(networks={"mobilenetv2": SPEED, "resnet18": SPEED.times(4)}), Counts(1000, 250, 5)
)
TUNING = {
    "model_name": "mobilenetv2",
    "training_crop_size": 224,
    "head_init": "linear_probe",
    "number_of_epochs": 6,
}


def trained(number: int, factor: float, model_name: str = "mobilenetv2") -> TrialRecord:
    """A trial that took `factor` times as long as measured: two epochs."""
    step = COSTS.speeds.of(model_name, 224).step_seconds
    trial = build_trial(f"trial-{number:03d}", [0.5, 0.6])
    seconds = {
        "train_seconds": 1000 * step * factor,
        "evaluation_seconds": 250 * COSTS.speeds.of(model_name, 224).forward_seconds * factor,
    }
    evaluations = [one.model_copy(update=seconds) for one in trial.evaluations]
    changes = {"evaluations": evaluations, "hyperparameters": {**TUNING, "model_name": model_name}}
    interval = {"score_low": 0.59, "score_high": 0.61}
    return trial.model_copy(update={**changes, **interval, "number": number})


def opened(folder: Path, minutes: float, **keys: Any) -> tuple[Results, Pacer]:
    """An experiment with so many minutes left of an hour; the keys are further limits."""
    folder.mkdir(exist_ok=True)
    limits = {"max_trials": 9, "timeout_minutes": 60, **keys}
    job = Job.from_dict({"training_data": {"path": str(folder)}, "limits": limits})
    store.create_experiment(folder, job, ExperimentRecord(experiment_id="e", created_at=now()))
    results = Results(folder / "e", "accuracy")
    begin(results, minutes)
    return results, Pacer(job, results, COSTS, 1)


def begin(results: Results, minutes: float) -> None:
    """Let so many minutes be left, six of which are kept for the end."""
    kept = schedule.kept_back(3600, COSTS.num_pictures) / 60
    results.time_limit.begin(minutes - 6 + kept)


def start_another(results: Results) -> None:
    """The first trial of a network runs in any case, so there is another one."""
    asked = {"method": "k_nearest_neighbours", "model_name": "resnet18"}
    results._set(build_trial("trial-008", number=8, hyperparameters=asked))


def epochs(trial: PlannedTrial | None) -> Any:
    return trial and trial.requested["number_of_epochs"]


def test_the_slowdown_is_that_of_the_network_and_of_the_last_trials_for_others() -> None:
    factors, other = slowdown(COSTS, [trained(0, 2.0), trained(1, 3.0)])
    assert factors == {"mobilenetv2": pytest.approx(3.0)}
    assert other == pytest.approx(2.5)
    assert slowdown(COSTS, []) == ({}, 1.0)


def test_networks_from_scratch_say_nothing_about_the_speed_of_others() -> None:
    small = trained(0, 3.0, "resnet10t")
    values = {**small.hyperparameters, "pretrained": "never"}
    small = small.model_copy(update={"hyperparameters": values})
    factors, other = slowdown(COSTS, [small, trained(1, 1.5)])
    assert (factors["resnet10t"], other) == (pytest.approx(3.0), pytest.approx(1.5))
    assert factors["resnet14t"] == pytest.approx(3.0)
    assert slowdown(COSTS, [small])[1] == pytest.approx(3.0)


def test_a_trial_that_fits_is_left_as_it_is(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=60)
    trial = PlannedTrial.of(0, TUNING)
    assert pacer.fit(trial) is trial
    assert results.experiment.plan == []


def test_epochs_are_fewer_on_a_slow_machine_and_both_is_said(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=13)
    trial = PlannedTrial.of(1, TUNING)
    results.plan([trial])
    assert epochs(pacer.fit(trial)) == 6
    results.trials["trial-000"] = trained(0, 2.0)
    shortened = epochs(pacer.fit(trial))
    assert 2 <= shortened < 6
    first, second = results.experiment.plan
    assert "the machine is 2.0 times slower than measured" in first
    assert f"(trial-001) trains {shortened} epochs instead of 6" in second


def test_epochs_grow_back_to_the_recipes_when_the_machine_is_faster(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=60)
    trial = PlannedTrial.of(1, {**TUNING, "number_of_epochs": 3}, wanted=TUNING)
    results.plan([trial])
    assert epochs(pacer.fit(trial)) == 6
    assert "(trial-001) trains 6 epochs instead of 3" in results.experiment.plan[0]


def test_a_network_is_measured_before_its_first_training(tmp_path: Path) -> None:
    results, _ = opened(tmp_path, minutes=12)
    asked: list[Sequence[str]] = []

    def measured(names: Sequence[str]) -> Speeds:
        asked.append(names)
        return Speeds(networks={**COSTS.speeds.networks, names[0]: SPEED.times(2)}).settled()

    pacer = Pacer(store.load_job(tmp_path / "e"), results, COSTS, 1, measured=measured)
    start_another(results)
    other = {**TUNING, "model_name": "resnet34"}
    pacer.fit(PlannedTrial.of(1, {"method": "linear_probe", "model_name": "resnet34"}))
    assert not asked
    assert epochs(pacer.fit(PlannedTrial.of(1, other))) == 3  # by its multiply-adds not even two
    assert asked == [["resnet34"]]
    pacer.fit(PlannedTrial.of(2, other))
    begin(results, 5.9)
    assert pacer.fit(PlannedTrial.of(3, {**TUNING, "model_name": "resnet50"})) is None
    assert len(asked) == 1


def test_a_network_measured_while_the_search_began_is_measured_again(tmp_path: Path) -> None:
    results, _ = opened(tmp_path, minutes=12)
    job = store.load_job(tmp_path / "e")
    slow = replace(COSTS, speeds=Speeds(networks={"mobilenetv2": SPEED.times(4)}))
    left_out = [LeftOut(TUNING, 0)]
    start_another(results)
    assert Pacer(job, results, slow, 1, left_out).regained(1, None) is None
    asked: list[Sequence[str]] = []

    def measured(names: Sequence[str]) -> Speeds:
        asked.append(names)
        return Speeds(networks={"mobilenetv2": SPEED}).settled()

    pacer = Pacer(job, results, slow, 1, left_out, measured)
    regained = pacer.regained(1, None)
    assert regained is not None
    assert pacer.fit(PlannedTrial.of(2, TUNING)) is not None
    assert asked == [["mobilenetv2"]]


def test_what_cannot_be_measured_is_asked_for_once(tmp_path: Path) -> None:
    results, _ = opened(tmp_path, minutes=30)
    asked: list[Sequence[str]] = []
    job = store.load_job(tmp_path / "e")
    pacer = Pacer(job, results, COSTS, 1, measured=asked.append)  # returns None
    for number in range(2):
        assert pacer.fit(PlannedTrial.of(number, TUNING)) is not None
    assert asked == [["mobilenetv2"]]


def test_networks_are_joined_that_have_the_best_probes_and_it_is_said(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=30)
    joined = {"model_name": "resnet18", "second_model_name": "mobilenetv2"}
    probe = {"method": "linear_probe", "training_crop_size": 224}
    two = {**probe, "method": "concatenated_probe", **joined}
    planned = PlannedTrial.of(9, two)
    of_three = PlannedTrial.of(8, {**two, "third_model_name": "mobilenetv1_100"})
    scores = {"resnet18": 0.7, "mobilenetv2": 0.8, "resnet34": 0.9}
    for number, (name, score) in enumerate(scores.items()):
        trial = build_trial(f"trial-{number:03d}", [score])
        asked = {**probe, "model_name": name}
        changes = {"number": number, "hyperparameters": asked, "state": TrialState.COMPLETED}
        results._set(trial.model_copy(update=changes))
        fitted = pacer.fit(planned)
        assert fitted is not None
        if number < 2:
            assert fitted is planned
            assert pacer.fit(of_three) is of_three
    assert networks_of(fitted.requested) == ["resnet34", "mobilenetv2"]
    said = [sentence for sentence in results.experiment.plan if "machine" not in sentence]
    assert len(said) == 1
    assert "takes the features of resnet34 + mobilenetv2" in said[0]
    three = pacer.fit(of_three)
    assert three is not None
    assert networks_of(three.requested) == ["resnet34", "mobilenetv2", "resnet18"]


def test_mirror_images_are_tried_with_the_best_probe_and_it_is_said(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=30)
    probe = {"method": "linear_probe", "training_crop_size": 224, "model_name": "resnet18"}
    pair = {**probe, "method": "concatenated_probe", "second_model_name": "mobilenetv2"}
    planned = PlannedTrial.of(9, {**probe, "mirrored_features": True})
    for number, (asked, score) in enumerate([(probe, 0.7), (pair, 0.8)]):
        trial = build_trial(f"trial-{number:03d}", [score])
        changes = {"number": number, "hyperparameters": asked, "state": TrialState.COMPLETED}
        results._set(trial.model_copy(update=changes))
        fitted = pacer.fit(planned)
        assert fitted is not None
        assert fitted.requested == {**asked, "mirrored_features": True}
    said = [sentence for sentence in results.experiment.plan if "mirror images" in sentence]
    assert len(said) == 1
    assert "resnet18 + mobilenetv2" in said[0]
    begin(results, 6 + 1.05)  # too little for both networks
    fitted = pacer.fit(planned)
    assert fitted is not None
    assert fitted.requested == planned.requested


def test_all_stages_are_tried_with_the_best_probe_that_was_not_tried_with_them(
    tmp_path: Path,
) -> None:
    results, pacer = opened(tmp_path, minutes=30)
    probe = {"method": "linear_probe", "training_crop_size": 224, "model_name": "resnet18"}
    pair = {**probe, "method": "concatenated_probe", "second_model_name": "mobilenetv2"}
    staged = {**pair, "stage_features": True}
    for number, (asked, score) in enumerate([(probe, 0.7), (pair, 0.8), (staged, 0.9)]):
        trial = build_trial(f"trial-{number:03d}", [score])
        results._set(trial.model_copy(update={"number": number, "hyperparameters": asked}))
    three = {**pair, "third_model_name": "resnet34", "stage_features": True}
    fitted = pacer.fit(PlannedTrial.of(9, three))
    assert fitted is not None
    assert fitted.requested == {**probe, "stage_features": True}


def test_what_the_plan_left_out_runs_when_there_is_time_after_all_and_it_is_said(
    tmp_path: Path,
) -> None:
    probe = {"method": "linear_probe", "model_name": "resnet18", "training_crop_size": 224}
    tuning = PlannedTrial.of(0, TUNING)
    results, _ = opened(tmp_path, minutes=60)
    limits = {"timeout_minutes": 60}
    job = Job.from_dict({"training_data": {"path": str(tmp_path)}, "limits": limits})
    pacer = Pacer(job, results, COSTS, 1, [LeftOut(probe, 1), LeftOut(TUNING, 2)])
    assert pacer.regained(5, PlannedTrial.of(1, probe)) is None  # baselines in their own order
    begin(results, 7)
    assert pacer.regained(5, tuning) is None  # more than a quarter of the time
    only_probes = Pacer(job, results, COSTS, 1, [LeftOut(probe, 1)])
    assert only_probes.regained(5, None) is not None  # no training follows
    begin(results, 30)
    regained = pacer.regained(5, tuning)
    assert regained is not None
    assert (regained.number, regained.requested) == (5, probe)
    said = results.experiment.plan[-1]
    assert "there is time for a probe of resnet18 (trial-005) after all" in said
    assert results.experiment.left_out == ["fine-tuning of mobilenetv2"]
    assert pacer.regained(6, tuning) is None  # a training waits for those that are planned
    last = pacer.regained(6, None)
    assert last is not None
    assert last.requested["model_name"] == "mobilenetv2"
    before = Pacer(job, results, COSTS, 1, [LeftOut(TUNING, 0)])
    first = before.regained(6, tuning)  # the recipes put it before the next one
    assert first is not None
    assert first.requested["model_name"] == "mobilenetv2"


def test_a_plan_without_training_is_revised_by_the_first_that_is_proposed(tmp_path: Path) -> None:
    results, _ = opened(tmp_path, minutes=30)
    results.update(plan=["In 30 min: a probe.", plan_text.NO_TRAINING])
    start_another(results)
    limits = {"timeout_minutes": 60}
    job = Job.from_dict({"training_data": {"path": str(tmp_path)}, "limits": limits})
    pacer = Pacer(job, results, COSTS, 1)
    for number in (1, 2):
        assert pacer.fit(PlannedTrial.of(number, TUNING)) is not None
    revisions = [each for each in results.experiment.plan if "after all" in each]
    assert len(revisions) == 1
    assert "there is time for fine-tuning of mobilenetv2 (trial-001) after all" in revisions[0]


def test_time_that_is_too_short_for_a_training_goes_to_probes(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=8)
    tuning = PlannedTrial.of(0, TUNING)
    assert pacer.filling(tuning) is None  # no probe says which networks are good
    results._set(trained(0, 1.0, "resnet18"))
    probe = {"method": "linear_probe", "training_crop_size": 224, "model_name": "mobilenetv2"}
    filled: list[tuple[list[str], bool, bool]] = []
    found = PlannedTrial.of(1, probe)
    for number in range(1, 13):
        assert found is not None
        trial = build_trial(f"trial-{number:03d}", [0.9 - number / 100])
        changes = {"number": number, "hyperparameters": found.requested}
        results._set(trial.model_copy(update=changes))
        found = pacer.filling(PlannedTrial.of(number + 1, TUNING))
        if found is not None:
            asked = found.requested
            filled.append((networks_of(asked), has_stages(asked), is_mirrored(asked)))
    every = [["mobilenetv2"], ["resnet18"], ["mobilenetv2", "resnet18"]]
    looks = [(stages, mirrored) for mirrored in (False, True) for stages in (False, True)]
    assert filled == [(names, *look) for look in looks for names in every][1:]
    said = results.experiment.plan[-1]
    assert said.endswith(
        "a probe of mobilenetv2 + resnet18 together with all stages with mirror images fills "
        "time that is too short for a training."
    )
    begin(results, 6.2)
    for number in (1, 4):  # those of mobilenetv2 alone
        results.remove(f"trial-{number:03d}")
    assert pacer.filling(PlannedTrial.of(9, TUNING)) is None


def test_probes_have_the_time_that_the_end_of_a_trained_model_would_take(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=8)
    probe = {"method": "linear_probe", "model_name": "resnet18", "training_crop_size": 224}
    pair = {**probe, "method": "concatenated_probe", "second_model_name": "mobilenetv2"}

    def gained(values: dict[str, Any]) -> float:
        return pacer.clock(values).seconds - pacer.clock().seconds

    of_trained = schedule.kept_back(3600, COSTS.num_pictures)
    of_one, of_two = (
        of_trained - schedule.kept_back(3600, COSTS.num_pictures, frozen_networks=number)
        for number in (1, 2)
    )
    assert gained(TUNING) == pytest.approx(0, abs=0.5)
    assert gained(probe) == pytest.approx(of_one, abs=0.5)
    assert gained(pair) == pytest.approx(of_two, abs=0.5)
    results._set(trained(0, 1.0))
    for size, expected in ((160, of_two), (224, 0)):  # those of one size may share an ensemble
        best = {**pair, "training_crop_size": size}
        results._set(build_trial("trial-001", [0.9], number=1, hyperparameters=best))
        assert results.best_trial() == results.trials["trial-001"]
        assert gained(probe) == pytest.approx(expected, abs=0.5)
    smaller = {**pair, "training_crop_size": 160}
    results._set(build_trial("trial-001", [0.9], number=1, hyperparameters=smaller))
    results._set(trained(0, 1.0).model_copy(update={"state": TrialState.RUNNING}))
    assert gained(probe) == pytest.approx(0, abs=0.5)  # it may become the best one


def test_the_end_of_a_probe_that_a_training_leads_by_noise_has_its_time(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=30)
    probe = {"method": "concatenated_probe", "model_name": "resnet18", "mirrored_features": True}
    three = {**probe, "second_model_name": "mobilenetv2", "third_model_name": "resnet50"}
    results._set(trained(0, 1.0))
    without = pacer.clock().seconds
    longer = schedule.kept_back(3600, COSTS.num_pictures, frozen_networks=6) - schedule.kept_back(
        3600, COSTS.num_pictures
    )
    assert longer > 5
    for high, expected in ((0.62, longer), (0.55, 0)):
        interval = {"score_low": 0.5, "score_high": high}
        behind = build_trial("trial-001", [0.55], number=1, hyperparameters=three)
        results._set(behind.model_copy(update=interval))
        assert results.best_trial() == results.trials["trial-000"]
        assert without - pacer.clock().seconds == pytest.approx(expected, abs=0.5)


def test_a_planned_trial_without_time_is_left_out_and_runs_when_resumed(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=7)
    trial = PlannedTrial.of(0, TUNING)
    results.plan([trial])
    assert pacer.fit(trial) is trial
    start_another(results)
    assert pacer.fit(trial) is None
    pacer.leave_out(trial)
    record = results.trials["trial-000"]
    assert record.state is TrialState.STOPPED
    assert record.was_cut_short
    assert "There was no time for it" in record.reason
    assert "is left out" in results.experiment.plan[-1]


def test_trials_are_named_by_what_they_are_and_not_by_their_network(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=7)
    floor = PlannedTrial.of(0, {**TUNING, "method": "majority_class"})
    probe = PlannedTrial.of(1, {**TUNING, "method": "linear_probe"})
    results.plan([floor, probe])
    pacer.leave_out(floor)
    pacer.leave_out(probe)
    first, second = results.experiment.plan
    assert "the majority class is left out" in first
    assert "a probe of mobilenetv2 (trial-001) is left out" in second


SCRATCH = {"model_name": "resnet18", "training_crop_size": 32, "pretrained": "never"}


def from_scratch(number: int, score: float) -> TrialRecord:
    """A training from scratch with this score on 250 pictures."""
    trial = build_trial(f"trial-{number:03d}", [score], number=number, hyperparameters=SCRATCH)
    return trial.model_copy(update={"evidence": Evidence(num_pictures=250)})


@pytest.mark.parametrize(("score", "lags"), [(0.67, True), (0.75, False), (0.9, False)])
def test_after_a_training_from_scratch_that_is_far_behind_no_other_is_planned(
    tmp_path: Path, score: float, lags: bool
) -> None:
    results, pacer = opened(tmp_path, minutes=60)
    trial = PlannedTrial.of(2, {**SCRATCH, "model_name": "resnet10t"})
    results.plan([trial])
    probe = {"method": "linear_probe", "model_name": "resnet18", "training_crop_size": 160}
    results._set(build_trial("trial-000", [0.86], hyperparameters=probe))
    assert not pacer.lags(trial), "none was trained yet"
    results._set(from_scratch(1, score))
    assert pacer.lags(trial) is lags
    assert not pacer.lags(PlannedTrial.of(3, TUNING))
    if lags:
        pacer.leave_out(trial)
        assert results.trials["trial-002"].reason == endings.LAGGING
        assert "training from scratch is far behind" in results.experiment.plan[-1]
        found = pacer.filling(PlannedTrial.of(4, SCRATCH))
        assert found is not None
        assert has_stages(found.requested)
        assert "comes before another training from scratch" in results.experiment.plan[-1]


def test_the_best_training_from_scratch_counts(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=60)
    for number, score in enumerate((0.6, 0.95)):
        results._set(from_scratch(number, score))
    assert not pacer.lags(PlannedTrial.of(2, SCRATCH))


def test_a_proposal_without_time_takes_a_faster_network_or_ends_the_search(tmp_path: Path) -> None:
    space = [{"model_name": Choice(type="choice", values=["resnet18", "mobilenetv2"])}]
    slow = PlannedTrial.of(0, {**TUNING, "model_name": "resnet18"}, {"0.model_name": "resnet18"})
    results, pacer = opened(tmp_path / "some", minutes=9)
    start_another(results)
    assert pacer.fit(slow) is None
    faster = pacer.with_faster_network(slow, space)
    assert faster is not None
    assert faster.requested["model_name"] == "mobilenetv2"
    assert faster.proposal is None

    results, pacer = opened(tmp_path / "none", minutes=6.5)
    start_another(results)
    assert pacer.with_faster_network(slow, space) is None
    pacer.close()
    assert "no further trial would end" in pacer.closing


def test_further_folds_of_the_best_training_come_before_other_trainings(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=13)
    certain = trained(0, 1.0)  # a fold takes a minute and a half
    results._set(certain)
    another = PlannedTrial.of(1, TUNING)
    assert epochs(pacer.fit(another)) == 6
    evidence = Evidence(num_pictures=250)  # two folds of 200 pictures are missing
    interval = {"score_low": 0.54, "score_high": 0.66, "evidence": evidence}
    results._set(certain.model_copy(update=interval))
    assert 2 <= epochs(pacer.fit(another)) < 6
    begin(results, 11)
    assert pacer.fit(another) is None
    pacer.close()
    assert "trial-000 is tried on further pictures" in pacer.closing
    begin(results, 8)  # too short for a fold
    pacer.close()
    assert "tried on further pictures" not in pacer.closing


def scored(results: Results, *scores: float) -> None:
    """Record fine-tuned trials with these scores."""
    for number, score in enumerate(scores):
        trial = build_trial(f"trial-{number:03d}", [score])
        changes = {"number": number, "hyperparameters": TUNING, "state": TrialState.COMPLETED}
        results._set(trial.model_copy(update=changes))


def test_a_search_without_gain_says_so_once_and_ends_if_the_job_asks(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path / "on", minutes=30)
    scored(results, 0.9, 0.9, 0.9)
    assert not pacer.ends_without_gain(is_recipe=True)
    assert "unlikely" not in " ".join(results.experiment.plan)
    assert not pacer.ends_without_gain(is_recipe=False)
    assert not pacer.ends_without_gain(is_recipe=False)
    (sentence,) = [said for said in results.experiment.plan if "unlikely" in said]
    assert "further trials are unlikely to gain: expected +0.000 in the 23 min left" in sentence

    results, pacer = opened(tmp_path / "off", minutes=30, stop_when_no_gain=True)
    scored(results, 0.9, 0.9, 0.9)
    assert pacer.ends_without_gain(is_recipe=False)
    assert pacer.closing.startswith("The search ended: further trials are unlikely to gain")


def test_a_search_that_may_gain_goes_on_and_a_perfect_one_needs_no_further_recipe(
    tmp_path: Path,
) -> None:
    results, pacer = opened(tmp_path / "better", minutes=30, stop_when_no_gain=True)
    scored(results, 0.8, 0.85, 0.9)
    assert not pacer.ends_without_gain(is_recipe=False)
    results, pacer = opened(tmp_path / "perfect", minutes=30, stop_when_no_gain=True)
    scored(results, 1.0)
    assert pacer.ends_without_gain(is_recipe=True)


def test_a_late_trial_may_use_a_part_of_what_is_kept_for_the_end(tmp_path: Path) -> None:
    results, pacer = opened(tmp_path, minutes=30)
    results._set(build_trial("trial-000", [0.3], hyperparameters={"method": "majority_class"}))
    running = {"method": "linear_probe", "model_name": "mobilenetv2"}
    results._set(build_trial("trial-001", state=TrialState.RUNNING, hyperparameters=running))
    assert pacer.seconds_for_end() == 0.0  # the first network must have a score
    results._set(build_trial("trial-002", [0.5], hyperparameters=running))
    _, factor = slowdown(COSTS, results.trials.values())
    kept = schedule.kept_back(3600, 1250, factor, frozen_networks=1)
    assert pacer.seconds_for_end() == pytest.approx(0.8 * kept)
    two = {**running, "method": "concatenated_probe", "second_model_name": "resnet18"}
    results._set(build_trial("trial-003", state=TrialState.RUNNING, hyperparameters=two))
    kept = schedule.kept_back(3600, 1250, factor, frozen_networks=2)
    assert pacer.seconds_for_end() == pytest.approx(0.8 * kept)
    results._set(build_trial("trial-001", state=TrialState.RUNNING, hyperparameters=TUNING))
    kept = schedule.kept_back(3600, 1250, factor)
    assert pacer.seconds_for_end() == pytest.approx(0.8 * kept)
