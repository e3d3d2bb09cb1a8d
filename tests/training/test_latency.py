"""One network has one latency, whoever measures it first."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from automl.host import home, quiet
from automl.model import baselines, blocks
from automl.training import latency


class Counting(nn.Module):
    """Counts the passes, their mode and their pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 1)
        self.fc = nn.Linear(4, 2)
        self.seen: list[tuple[bool, tuple[int, ...]]] = []

    def get_classifier(self) -> nn.Module:
        return self.fc

    def forward(self, pixels: Tensor) -> Tensor:
        self.seen.append((self.training, tuple(pixels.shape)))
        logits: Tensor = self.fc(self.layer(pixels).mean(dim=(2, 3)))
        return logits


def test_one_picture_at_a_time_is_measured_and_the_network_left_alone() -> None:
    network = Counting().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert latency.latency_ms(network, "net", 16) > 0
    assert set(network.seen) == {(False, (1, 3, 16, 16))}
    assert network.training
    assert not network.fc._forward_pre_hooks
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_all_rows_of_a_network_show_the_figure_of_the_first() -> None:
    first = latency.latency_ms(Counting(), "net", 16)
    again = Counting()
    assert latency.latency_ms(again, "net", 16) == first
    assert not again.seen


def test_a_trial_that_waited_for_another_one_takes_its_figure() -> None:
    first = latency.latency_ms(Counting(), "net", 16)
    figures = {path: path.read_text("ascii") for path in home.latencies_dir().iterdir()}
    for path in figures:
        path.unlink()
    second = Counting()
    with ThreadPoolExecutor(1) as other:
        with quiet.moment():  # as the other trial that measures
            asked = other.submit(latency.latency_ms, second, "net", 16)
            time.sleep(0.2)
            for path, text in figures.items():
                path.write_text(text, "ascii")
        assert asked.result() == first
    assert not second.seen


def test_another_size_and_other_threads_are_measured_on_their_own() -> None:
    latency.latency_ms(Counting(), "net", 16)
    larger, other = Counting(), Counting()
    latency.latency_ms(larger, "net", 32)
    latency.latency_ms(other, "other", 16)
    assert larger.seen
    assert other.seen
    threads = torch.get_num_threads()
    slower = Counting()
    try:
        torch.set_num_threads(threads + 1)
        latency.latency_ms(slower, "net", 16)
    finally:
        torch.set_num_threads(threads)
    assert slower.seen


def test_a_vote_of_neighbours_adds_the_time_of_its_own_layer_only() -> None:
    vote = Counting()
    blocks.replace_last_layer(vote, baselines.NearestNeighbours(20_000, 4, 2))
    of_vote = latency.latency_ms(vote, "net", 16)
    body = {path.name: path.read_text() for path in home.latencies_dir().iterdir()}
    plain = latency.latency_ms(Counting(), "net", 16)
    later = {path.name: path.read_text() for path in home.latencies_dir().iterdir()}
    assert len(body) == 2
    assert len(later) == 3  # the body is that of the vote, the linear head is new
    assert body.items() <= later.items()
    assert of_vote > plain


def test_a_damaged_figure_is_measured_again() -> None:
    latency.latency_ms(Counting(), "net", 16)
    for path in home.latencies_dir().iterdir():
        path.write_text("")
    assert latency.latency_ms(Counting(), "net", 16) > 0
    assert all(path.read_text() for path in home.latencies_dir().iterdir())


@pytest.mark.parametrize(
    ("seconds", "expected_runs"),
    [
        ([9.0, 9.0, *[1.0] * 20], 8),  # the first one allocates memory and does not count
        ([9.0, *[2.0] * 5, 1.0, 1.5, 1.0, 1.0, *[1.0] * 9], 10),
    ],
)
def test_runs_are_repeated_until_the_fastest_agree(
    seconds: list[float], expected_runs: int
) -> None:
    runs = iter(seconds)
    taken = []

    def run() -> tuple[float, float]:
        taken.append(next(runs))
        return taken[-1], 0.5

    assert latency.fastest(run, clock=lambda: 0.0) == (1000, 500)
    assert len(taken) == expected_runs


def test_a_restless_machine_does_not_keep_a_trial_waiting() -> None:
    ever_faster = (1 / number for number in itertools.count(1))
    ticks = itertools.count()
    latency.fastest(lambda: (next(ever_faster), 0.0), clock=lambda: float(next(ticks)))
    assert next(ticks) < 10
