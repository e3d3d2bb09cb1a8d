"""The quick form of the fault suite: one blow of every kind, all to the same experiment.

The long form, `make faults`, gives each of them to an experiment of its own, twenty times.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from automl import launcher
from automl.engine import cluster
from tests.faults import scenario, victims

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
BLOWS = [
    ("engine", "preparation"),
    ("engine", "epoch"),
    ("engine", "checkpoint"),
    ("worker", "epoch"),
    ("raylet", "epoch"),
    ("gcs", "checkpoint"),
    ("everything", "epoch"),
    ("engine", "export"),
]


@pytest.fixture
def own_head(home: Path) -> Iterator[None]:  # noqa: ARG001
    """A Ray head that may be killed."""
    cluster.ensure_local_head()
    yield
    cluster.stop_local_head()


@pytest.mark.usefixtures("own_head")
def test_an_experiment_that_everything_happens_to_comes_to_the_same(tmp_path: Path) -> None:
    pictures = scenario.draw(tmp_path / "pictures")
    undisturbed = scenario.create(pictures, "one by one", "undisturbed")
    launcher.start(undisturbed)
    scenario.finish(undisturbed)
    disturbed = scenario.create(pictures, "one by one", "disturbed")
    victims.start_from_an_app_that_is_killed(disturbed)
    for victim, moment in BLOWS:
        outcome = scenario.strike(disturbed, victim, moment, random.Random(0))
        assert outcome.is_hit, f"the {victim} was not there to be killed in the {moment}"
    scenario.finish(disturbed)
    scenario.assert_same(disturbed, undisturbed)
