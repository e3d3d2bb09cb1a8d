"""AutoMode's plan before the start, with made-up speeds in the cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automl.dataset import manifest
from automl.engine import planning, preview
from automl.host.cores import usable_cores
from automl.jobs import plan_text, schedule, speeds
from automl.jobs.job import Job
from automl.jobs.speeds import NetworkSpeed, Speeds
from automl.model import pretrained_weights

pytestmark = pytest.mark.usefixtures("converted_weights")

NAMES = ("efficientnet_lite0", "resnet10t", "resnet18", "resnet14t")


@pytest.fixture(autouse=True)
def _looks_for_weights_anew() -> Iterator[None]:
    pretrained_weights.forget()
    yield
    pretrained_weights.forget()


def job(folder: Path, minutes: int = 15, **keys: Any) -> Job:
    limits = {"max_trials": 20, "timeout_minutes": minutes}
    return Job.from_dict({"training_data": {"path": folder}, "limits": limits, **keys})


def said(asked: Job) -> list[str]:
    return preview.sentences(asked, manifest.build(asked), lambda: 0.0)


def measured(home: Path, step_seconds: float) -> None:
    assert home  # the cache of the test, not of the machine
    speed = NetworkSpeed(
        side=96, forward_seconds=step_seconds / 4, step_seconds=step_seconds, batch_seconds=0.0
    )
    speeds.keep(Speeds(networks=dict.fromkeys(NAMES, speed)), "cpu", usable_cores())


def test_a_machine_that_was_not_measured_plans_nothing(shapes: Path, home: Path) -> None:
    assert home
    assert said(job(shapes)) == [plan_text.unmeasured(15 * 60)]


def test_the_plan_is_the_engines(shapes: Path, home: Path) -> None:
    measured(home, 0.01)
    asked = job(shapes)
    data = manifest.build(asked)
    clock = preview.clock(asked, data, lambda: 0.0)
    planned = planning.plan(asked, data, has_gpu=False, clock=clock)
    assert clock is not None
    assert planned.timed
    assert said(asked) == plan_text.plan(planned.timed, clock, 900, planned.left_out)


def test_the_plan_follows_the_limit_and_names_what_there_is_no_time_for(
    shapes: Path, home: Path
) -> None:
    measured(home, 0.5)
    short, long = said(job(shapes, minutes=1)), said(job(shapes, minutes=600))
    assert short[0].startswith("In 60 s")
    assert any(sentence.startswith("Left out for lack of time: ") for sentence in short)
    assert not any("Left out" in sentence for sentence in long)


def test_what_the_job_fixes_is_planned(shapes: Path, home: Path) -> None:
    measured(home, 0.01)
    fixed = {"model_name": "resnet18", "number_of_epochs": 3}
    (sentence, *_) = said(job(shapes, training_parameters=fixed))
    assert "training of resnet18 for 3 epochs" in sentence


def test_time_is_kept_for_the_start(shapes: Path, home: Path) -> None:
    measured(home, 0.01)
    asked = job(shapes)
    clock = preview.clock(asked, manifest.build(asked), lambda: 0.0)
    assert clock is not None
    assert clock.seconds < 900 - schedule.kept_back(900, 0)
