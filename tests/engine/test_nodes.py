"""The machines of a cluster: who is refused, what a trial gets, and what travels. No Ray runs."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl.engine import nodes, shares, travelling, waiting
from automl.engine.nodes import Facts, Node
from automl.engine.resources import Resources, with_fewer_trials
from automl.errors import UserError
from automl.jobs.job import Job

HERE = nodes.facts(has_gpus=False)
PLENTY = replace(HERE, free_memory=10**11, free_disk=10**12)


def cluster(*sizes: tuple[int, int]) -> list[Node]:
    """sizes: cores and GPUs of each machine."""
    return [Node(f"id-{index}", f"n{index}", *size) for index, size in enumerate(sizes)]


def share(
    *sizes: tuple[int, int], trials: int = 4, machines: int | None = None, **needed: float
) -> Resources:
    job = {
        "properties": {"node_count_per_trial": str(machines)} if machines else {},
        "training_data": {"path": "x"},
        "limits": {"max_trials": trials, "max_concurrent_trials": trials},
        "resources_per_trial": needed,
    }
    return shares.plan(Job.from_dict(job), cluster(*sizes), num_trials=trials)


def facts(**changes: Any) -> Facts:
    versions = {**PLENTY.versions, **changes.pop("versions", {})}
    present = {name: version for name, version in versions.items() if version}
    return replace(PLENTY, versions=present, **changes)


def test_a_machine_like_this_one_runs_trials() -> None:
    assert nodes.misfit(facts(), HERE, num_gpus=0) == ""
    build = {"torch": HERE.versions["torch"].partition("+")[0] + "+cu130"}
    assert nodes.misfit(facts(versions=build, num_cuda_devices=1), HERE, num_gpus=1) == ""


@pytest.mark.parametrize(
    ("changes", "num_gpus", "wanted"),
    [
        ({"python": "3.9.1"}, 0, ("it has Python 3.9.1", "Install Python 3.")),
        ({"versions": {"timm": "0.9.2"}}, 0, ("it has timm 0.9.2", "pip install timm==")),
        ({"versions": {"torch": None, "timm": None}}, 0, ("it lacks torch, timm", "pip install")),
        ({"free_memory": 10**8}, 0, ("0.1 GB of free memory", "1 GB")),
        ({"free_disk": 10**9}, 0, ("1.0 GB of free disk space", "2 GB")),
        ({"num_cuda_devices": 0}, 2, ("torch there cannot use it", "--num-gpus=0")),
    ],
)
def test_a_machine_that_does_not_fit_is_told_what_to_do(
    changes: dict[str, Any], num_gpus: int, wanted: tuple[str, ...]
) -> None:
    sentence = nodes.misfit(facts(**changes), HERE, num_gpus=num_gpus)
    assert all(part in sentence for part in wanted), sentence


@pytest.mark.parametrize(
    ("sizes", "trials", "cpus", "gpus", "at_once"),
    [
        ([(2, 0), (2, 0)], 4, 1, 0, 4),
        ([(2, 0), (2, 0)], 1, 2, 0, 1),  # no trial spans two machines
        ([(8, 0), (2, 0)], 3, 2, 0, 3),  # 2 cores: three fit; with 3 only two would
        ([(1, 0)], 4, 1, 0, 1),
        ([(8, 1), (8, 1), (64, 0)], 2, 8, 1, 2),  # a machine without GPU gets no trial
        ([(8, 1), (8, 1)], 3, 4, 0.5, 3),  # a third and a sixth would not fit on one GPU
        ([(8, 1)], 3, 2, 0.3333, 3),
    ],
)
def test_a_trial_gets_as_much_as_lets_the_wanted_number_run(
    sizes: list[tuple[int, int]], trials: int, cpus: int, gpus: float, at_once: int
) -> None:
    found = share(*sizes, trials=trials)
    assert (found.num_cpus, found.num_gpus, found.max_concurrent_trials) == (cpus, gpus, at_once)
    assert found.with_more_machines == trials
    assert bool(found.notes) == (at_once < trials)


def test_a_trial_that_fits_on_no_machine_is_refused() -> None:
    with pytest.raises(UserError, match=r"cpu is 4, but the largest machine .* has 2 cores"):
        share((2, 0), (2, 0), cpu=4)
    with pytest.raises(UserError, match=r"gpu is 3, but the largest machine .* has 1 GPU"):
        share((2, 1), (2, 1), gpu=3)
    with pytest.raises(UserError, match=r"node_count_per_trial is 3, but the cluster has 2"):
        share((2, 0), (2, 0), machines=3)
    with pytest.raises(UserError, match=r"gpu is 3, which 2 machines cannot share equally"):
        share((2, 2), (2, 2), machines=2, gpu=3)
    with pytest.raises(UserError, match=r"2 machines with 1 cores and 2 GPUs each"):
        share((2, 2), (2, 1), machines=2, gpu=4, cpu=2)


@pytest.mark.parametrize(
    ("sizes", "machines", "needed", "wanted"),
    [
        ([(4, 2), (4, 2)], None, {"gpu": 2}, (1, 4, 2, 2)),  # fits on one
        ([(4, 2), (4, 2)], None, {"gpu": 4}, (2, 4, 2, 1)),
        ([(4, 1), (4, 1), (4, 1)], None, {"gpu": 2, "cpu": 4}, (2, 2, 1, 1)),
        ([(4, 4), (4, 4)], 2, {}, (2, 4, 4, 1)),  # all of both
        ([(2, 0), (2, 0)], 2, {}, (2, 1, 0, 2)),
        ([(2, 0), (2, 0)], 2, {"cpu": 4}, (2, 2, 0, 1)),
    ],
)
def test_a_trial_spans_machines_if_asked_or_if_one_has_too_few_gpus(
    sizes: list[tuple[int, int]],
    machines: int | None,
    needed: dict[str, float],
    wanted: tuple[int, int, int, int],
) -> None:
    found = share(*sizes, machines=machines, **needed)
    given = found.num_machines, found.num_cpus, found.num_gpus, found.max_concurrent_trials
    assert given == wanted


def test_refused_machines_and_short_memory_are_in_the_share() -> None:
    found = replace(share((2, 0), (2, 0)), refused_nodes=("a", "b"))
    assert found.placing == {"ray.io/node-id": "!in(a,b)"}
    fewer = with_fewer_trials(found)
    assert (fewer.max_concurrent_trials, fewer.with_more_machines) == (2, 0)


def test_a_checkpoint_arrives_with_its_content(tmp_path: Path) -> None:
    (tmp_path / "sent" / "epoch-1").mkdir(parents=True)
    (tmp_path / "sent" / "epoch-1" / "model").write_bytes(b"weights")
    (tmp_path / "sent" / "state.json").write_text("{}")
    sent = pickle.dumps(travelling.Departing(tmp_path / "sent"))
    (tmp_path / "engine").mkdir()
    travelling.land_in(tmp_path / "engine")
    arrived = pickle.loads(sent)
    again = pickle.loads(pickle.dumps(arrived))  # to the worker that goes on
    assert arrived.path != again.path
    for checkpoint in (arrived, again):
        with checkpoint.as_directory() as folder:
            assert Path(folder).parent == tmp_path / "engine"
            assert (Path(folder) / "epoch-1" / "model").read_bytes() == b"weights"
            assert (Path(folder) / "state.json").read_text() == "{}"
    travelling.remove_landed(Path(again.path))
    travelling.remove_landed(tmp_path / "sent")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "engine", tmp_path / "sent"]
    assert list((tmp_path / "engine").iterdir()) == [Path(arrived.path)]


@pytest.mark.parametrize(
    ("gpus", "cores", "free", "wanted"),
    [
        (0, 1, [{}, {}], "2 trials wait for a core: 8 of 8 in use."),
        (1, 2, [{"CPU": 4}, {"CPU": 4}], "2 trials wait for a GPU: 4 of 4 in use."),
        (1, 1, [{"CPU": 4, "GPU": 1}, {}], "2 trials wait for a GPU: 3 of 4 in use."),  # in halves
        (1, 2, [{"CPU": 1, "GPU": 1}, {"CPU": 4}], "2 trials wait for 2 cores on one machine: 3"),
        (
            2,
            2,
            [{"GPU": 1, "CPU": 4}, {"GPU": 1, "CPU": 4}],
            "2 trials wait for 2 GPUs on one machine: 2 of 4 in use.",
        ),
        (
            0,
            2,
            [{"GPU": 2, "CPU": 1}, {"CPU": 1}],
            "2 trials wait for 2 cores on one machine: 6 of 8 in use.",
        ),
        (0, 2, [{"CPU": 2}, {}], ""),  # about to be placed
    ],
)
def test_waiting_trials_are_told_what_for(
    gpus: float, cores: int, free: list[dict[str, float]], wanted: str
) -> None:
    share = Resources(4, cores, gpus, [])
    places = [waiting.Place({"GPU": 2, "CPU": 4}, each) for each in free]
    said = waiting.sentence(2, share, places)
    assert said.startswith(wanted)
    assert bool(said) == bool(wanted)
    assert waiting.sentence(1, share, places).startswith("1 trial waits" if wanted else "")


def test_trials_on_several_machines_are_told_what_for() -> None:
    share = Resources(4, 2, 0, [], num_machines=2)
    busy = [waiting.Place({"CPU": 4}, {"CPU": free}) for free in (3, 1)]
    said = waiting.sentence(1, share, busy)
    assert said == "1 trial waits for 2 cores on each of 2 machines: 4 of 8 in use."
    free = [waiting.Place({"CPU": 4}, {"CPU": 2})] * 2
    assert waiting.sentence(1, share, free) == ""
