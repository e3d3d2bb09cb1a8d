"""The share of a GPU for each trial follows the kinds of trials of a job."""

from automl.engine import packing
from automl.engine.resources import Resources, trials_on
from automl.jobs.compatibility import resolve


def test_fewer_trials_on_a_gpu_are_fewer_at_a_time_with_a_larger_share() -> None:
    found = packing.with_share(Resources(8, 2, 0.25, []), 2)
    assert (found.max_concurrent_trials, found.num_cpus, found.num_gpus) == (4, 2, 0.5)
    assert found.notes[0].startswith("2 at a time train on a GPU instead of 4")
    unchanged = Resources(3, 2, 0.3333, [])
    assert packing.with_share(unchanged, 3) is unchanged


def test_the_kinds_that_need_most_memory_come_first() -> None:
    asked = [("resnet18", 224), ("resnet50", 224), ("resnet50", 160), ("resnet18", 224)]
    trials = [resolve({"model_name": name, "training_crop_size": side}) for name, side in asked]
    probe = resolve({"model_name": "resnet50", "method": "linear_probe"})
    found = packing.kinds([*trials, probe])
    assert [(kind.model_name, kind.training_crop_size) for kind in found] == [
        ("resnet50", 224),
        ("resnet50", 160),
        ("resnet18", 224),
    ]


def test_no_trial_spans_two_gpus_without_asking_for_it() -> None:
    assert [trials_on(3, share) for share in (0.4, 0.3333, 0.1, 1.0, 2.0)] == [6, 9, 30, 3, 1]
