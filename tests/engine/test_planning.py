import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray import tune
from ray.tune.search.variant_generator import generate_variants

from automl.dataset import manifest
from automl.engine.planning import PlannedTrial, reachable
from automl.engine.planning import plan as planned
from automl.engine.resources import Resources, plan_resources
from automl.errors import UserError
from automl.jobs.job import Job
from automl.model import package_weights, pretrained_weights

pytestmark = pytest.mark.usefixtures("converted_weights")


@pytest.fixture(autouse=True)
def _looks_for_weights_anew() -> Iterator[None]:
    pretrained_weights.forget()
    yield
    pretrained_weights.forget()


def job(folder: Path, **keys: Any) -> Job:
    return Job.from_dict({"training_data": {"path": folder}, **keys})


def plan(folder: Path, **keys: Any) -> list[dict[str, Any]]:
    asked = job(folder, **keys)
    return [t.requested for t in planned(asked, manifest.build(asked), has_gpu=False).trials]


def resources(*, num_cpus: int, num_gpus: int = 0, **keys: Any) -> Resources:
    asked = job(Path("x"), **keys)
    return plan_resources(
        asked, num_trials=asked.limits.max_trials, num_cpus=num_cpus, num_gpus=num_gpus
    )


def test_a_job_without_search_is_one_trial_of_the_default_model(shapes: Path) -> None:
    assert plan(shapes) == [{"model_name": "resnet18"}]


def test_a_sweep_draws_within_its_space_and_keeps_the_shared_values(shapes: Path) -> None:
    space = {
        "model_name": {"type": "choice", "values": ["resnet18", "mobilenetv2"]},
        "learning_rate": {"type": "loguniform", "min_value": -9, "max_value": -3},
    }
    trials = plan(
        shapes,
        limits={"max_trials": 20},
        search_space=[space],
        training_parameters={"number_of_epochs": 2},
    )
    assert len(trials) == 20
    assert {t["model_name"] for t in trials} == {"resnet18", "mobilenetv2"}
    assert all(1e-4 < t["learning_rate"] < 0.05 for t in trials)
    assert all(t["number_of_epochs"] == 2 for t in trials)


def test_a_drawn_trial_that_cannot_be_trained_fails_alone(shapes: Path) -> None:
    sizes = {"type": "choice", "values": [224, 256]}
    networks = {"type": "choice", "values": ["vitb16r224", "resnet18"]}
    sweep = {"sampling_algorithm": "grid"}
    space = [{"model_name": networks, "training_crop_size": sizes}]
    asked = job(shapes, search_space=space, sweep=sweep, limits={"max_trials": 4})
    found = planned(asked, manifest.build(asked), has_gpu=False)
    assert [trial.number for trial in found.trials] == [0, 2, 3]
    (refused,) = found.refused
    assert (refused.number, found.num_trials) == (1, 4)
    assert "vitb16r224 takes 224 only" in str(refused.error)
    leaves = {"momentum": {"type": "normal", "mu": 1.0, "sigma": 1e-9}}
    asked = job(shapes, search_space=[leaves], limits={"max_trials": 30})
    found = planned(asked, manifest.build(asked), has_gpu=False)
    assert "momentum is 1.0" in str(found.refused[0].error)
    asked = job(shapes, search_space=[{**space[0], "model_name": "vitb16r224"}], sweep=sweep)
    hopeless = asked.model_copy(update={"training_parameters": {"validation_crop_size": 200}})
    with pytest.raises(UserError, match="No trial of the search can be trained. Trial 0: "):
        planned(hopeless, manifest.build(hopeless), has_gpu=False)


def test_the_same_seed_draws_the_same_trials(shapes: Path) -> None:
    space = [{"learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.1}}]
    keys: dict[str, Any] = {"limits": {"max_trials": 5}, "search_space": space}
    assert plan(shapes, **keys) == plan(shapes, **keys)
    assert plan(shapes, **keys) != plan(shapes, **keys, seed=1)


def test_a_grid_ends_at_max_trials(shapes: Path) -> None:
    space = [{"training_batch_size": {"type": "choice", "values": [4, 8, 16]}}]
    trials = plan(
        shapes,
        limits={"max_trials": 2},
        search_space=space,
        sweep={"sampling_algorithm": "grid"},
    )
    assert [t["training_batch_size"] for t in trials] == [4, 8]


def test_of_a_grid_only_what_is_run_is_made(shapes: Path) -> None:
    ten = {"type": "choice", "values": [0.01 * number for number in range(10)]}
    names = ("learning_rate", "weight_decay", "momentum", "beta1", "label_smoothing", "mixup")
    asked = job(
        shapes,
        limits={"max_trials": 1_000},
        search_space=[dict.fromkeys(names, ten)],
        sweep={"sampling_algorithm": "grid"},
    )
    data = manifest.build(asked)
    tracemalloc.start()
    try:
        assert len(planned(asked, data, has_gpu=False).trials) == 1_000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20e6  # a million combinations take 300 MB


def test_ray_does_not_copy_all_trials_for_each_of_them() -> None:
    trials = [PlannedTrial.of(number, {"learning_rate": 0.1 + 0.2}) for number in range(3)]
    texts = [trial.to_text() for trial in trials]
    configs = [config for _, config in generate_variants({"trial": tune.grid_search(texts)})]
    assert all(config["trial"] is text for config, text in zip(configs, texts, strict=True))
    assert [PlannedTrial.from_text(text) for text in texts] == trials


def test_automode_without_weights_opens_with_the_majority_and_trains_small_networks(
    shapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_weights, "PACKAGES", {})  # as if it was not installed
    trials = plan(shapes, limits={"max_trials": 4})
    assert [t.get("method", "fine_tuning") for t in trials] == ["majority_class"] + [
        "fine_tuning"
    ] * 3
    assert {t["training_crop_size"] for t in trials} == {32}
    assert len({t["model_name"] for t in trials[1:]}) == 3


def test_automode_opens_with_the_features_of_the_network_whose_weights_are_installed(
    shapes: Path,
) -> None:
    trials = plan(shapes, limits={"max_trials": 4})
    assert [(t.get("method"), t["model_name"]) for t in trials] == [
        ("linear_probe", "efficientnet_lite0"),
        ("majority_class", "efficientnet_lite0"),
        (None, "resnet10t"),  # small pictures
        (None, "efficientnet_lite0"),
    ]


def test_automode_leaves_out_networks_whose_licence_is_not_allowed(shapes: Path) -> None:
    trials = plan(shapes, limits={"max_trials": 4}, allowed_licences=["mit"])
    assert "efficientnet_lite0" not in {t["model_name"] for t in trials}


def test_weights_in_a_folder_that_states_no_licence_are_refused_where_a_list_is_given(
    shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tf_efficientnet_lite0"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").touch()
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", str(tmp_path))
    asked = job(
        shapes,
        allowed_licences=["apache-2.0"],
        training_parameters={"model_name": "efficientnet_lite0"},
    )
    found = planned(asked, manifest.build(asked), has_gpu=False)
    with pytest.raises(UserError, match="efficientnet_lite0 have a licence that is not known"):
        reachable(asked, found)
    (folder / "config.json").write_text('{"license": "Apache-2.0"}')
    assert reachable(asked, found)


def test_what_the_job_fixes_holds_in_automode_too(shapes: Path) -> None:
    trials = plan(shapes, limits={"max_trials": 3}, training_parameters={"number_of_epochs": 1})
    assert {t["number_of_epochs"] for t in trials} == {1}


@pytest.mark.parametrize(
    ("given", "stops"),
    [
        ({}, False),
        ({"early_stopping": True}, True),
        ({"early_stopping_patience": 2}, True),
        ({"early_stopping_delay": 3, "early_stopping": False}, False),
    ],
)
def test_the_schedules_of_automode_run_to_their_end_unless_the_job_asks_for_early_stopping(
    shapes: Path, given: dict[str, Any], stops: bool
) -> None:
    trials = plan(shapes, limits={"max_trials": 6}, training_parameters=given)
    trainings = [trial for trial in trials if "method" not in trial]
    assert trainings
    assert {trial["early_stopping"] for trial in trainings} == {stops}


def test_a_fixed_model_is_not_tried_twice_with_the_same_values(shapes: Path) -> None:
    asked = job(shapes, limits={"max_trials": 9}, training_parameters={"model_name": "test_resnet"})
    found = planned(asked, manifest.build(asked), has_gpu=False)
    assert len(found.trials) == 2
    assert found.num_trials == 9
    assert found.space  # the others are drawn
    assert {h.model_name for h in reachable(asked, found)} == {"test_resnet"}


def test_a_fixed_model_stands_beside_no_other(shapes: Path) -> None:
    fixed = {"model_name": "efficientnet_lite0"}
    trials = plan(shapes, limits={"max_trials": 20}, training_parameters=fixed)
    methods = {t.get("method") for t in trials}
    assert {"linear_probe", "k_nearest_neighbours"} < methods
    assert "concatenated_probe" not in methods


@pytest.mark.parametrize("num_cpus", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("asked", [1, 2, 5, 100])
def test_trials_times_threads_never_exceeds_the_cores(num_cpus: int, asked: int) -> None:
    plan = resources(num_cpus=num_cpus, limits={"max_trials": 100, "max_concurrent_trials": asked})
    assert 1 <= plan.max_concurrent_trials * plan.num_cpus <= num_cpus


def test_more_trials_at_a_time_than_cores_is_lowered_and_said() -> None:
    plan = resources(num_cpus=2, limits={"max_trials": 9, "max_concurrent_trials": 4})
    assert plan.max_concurrent_trials == 2
    assert plan.notes == [
        "2 trials run at the same time instead of 4: there are 2 cores and 0 GPUs."
    ]


@pytest.mark.parametrize(
    ("concurrent", "gpus", "share"), [(1, 1, 1.0), (4, 1, 0.25), (2, 4, 1.0), (3, 2, 0.5)]
)
def test_concurrent_trials_share_the_gpus(concurrent: int, gpus: int, share: float) -> None:
    limits = {"max_trials": 9, "max_concurrent_trials": concurrent}
    plan = resources(num_cpus=16, num_gpus=gpus, limits=limits)
    assert plan.num_gpus == share


@pytest.mark.parametrize(
    ("needed", "num_gpus", "sentence"),
    [
        ({"gpu": 2}, 0, "gpu is 2, but this machine has no GPUs. Leave it out to train without"),
        ({"gpu": 2}, 1, "gpu is 2, but this machine has 1 GPU. Ask for at most 1, or leave"),
        ({"cpu": 4}, 0, "cpu is 4, but this machine has 2 cores. Ask for at most 2, or leave"),
        ({"gpu": 1.5}, 2, "gpu is 1.5. It should be .* 1 or 2"),
    ],
)
def test_a_share_that_this_machine_cannot_give_is_refused_at_once(
    needed: dict[str, float], num_gpus: int, sentence: str
) -> None:
    with pytest.raises(UserError, match=f"resources_per_trial.{sentence}"):
        resources(num_cpus=2, num_gpus=num_gpus, resources_per_trial=needed)
