"""The speed of networks, and the cache of what was measured on this machine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.jobs import speeds
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.jobs.trial_cost import Costs, Counts

USUAL = NetworkSpeed(side=224, forward_seconds=0.01, step_seconds=0.04, batch_seconds=0.0)


def test_the_latest_ends_are_remembered_beside_the_speeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    speeds.keep_end(0.5, "cpu", 2, is_frozen=True)
    assert speeds.cached("cpu", 2) is None  # an end says nothing without the speed of networks
    speeds.keep(Speeds(networks={"resnet18": USUAL}), "cpu", 2)
    for taken in (3.0, 0.5, 0.6, 0.7, 0.8, 0.9):
        speeds.keep_end(taken, "cpu", 2, is_frozen=True)
    speeds.keep_end(1.5, "cpu", 2, is_frozen=False)
    speeds.keep(Speeds(networks={"mobilenetv2": USUAL}), "cpu", 2)
    found = speeds.cached("cpu", 2)
    assert found is not None
    assert list(found.networks) == ["resnet18", "mobilenetv2"]
    assert found.ends == {"frozen": [0.5, 0.6, 0.7, 0.8, 0.9], "trained": [1.5]}


def test_speeds_of_an_earlier_version_are_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path))
    speeds.keep(Speeds(networks={"resnet18": USUAL}), "cpu", 2)
    (path,) = tmp_path.rglob("speeds/*.json")
    without = USUAL.model_dump_json(exclude={"batch_seconds"})
    path.write_text(f'{{"networks": {{"resnet18": {without}}}}}')
    assert speeds.missing(["resnet18"], speeds.cached("cpu", 2)) == ["resnet18"]


@given(
    st.integers(1, 5_000),
    st.integers(1, 512),
    st.floats(0.0, 1.0),
    st.sampled_from([96, 160, 224]),
)
def test_an_epoch_in_smaller_batches_takes_as_much_longer_as_it_has_more_of_them(
    pictures: int, size: int, batch_seconds: float, side: int
) -> None:
    speed = USUAL.model_copy(update={"batch_seconds": batch_seconds})
    costs = Costs(Speeds(networks={"resnet18": speed}), Counts(pictures, 0, 5))

    def epoch(size: int) -> float:
        sizes = {"training_crop_size": side, "training_batch_size": size}
        return costs.of({"model_name": "resnet18", **sizes}).epoch

    more = -(-pictures // size) - 1
    assert epoch(size) - epoch(pictures) == pytest.approx(more * batch_seconds)
    step_seconds = 0.04 * (side / 224) ** 1.4
    assert epoch(pictures) == pytest.approx(1 + pictures * step_seconds + batch_seconds)
