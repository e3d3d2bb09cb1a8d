"""Every valid job also trains, or is refused before its first step with a sentence."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl.dataset import manifest
from automl.dataset.manifest import Manifest
from automl.engine.planning import plan, reachable
from automl.engine.resources import plan_resources
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameters import Hyperparameters, is_searchable
from automl.jobs.job import Job
from automl.training import trial_data
from automl.training.trial_data import TrialData
from automl.training.trial_training import DivergedError, Placement, TrialTraining
from tests.small_training import TINY

SMALL = {
    "model_name": st.sampled_from(["test_resnet", "test_vit"]),
    "number_of_epochs": st.integers(1, 2),
    "training_crop_size": st.integers(8, 64),
    "validation_crop_size": st.integers(8, 64),
    "validation_resize_size": st.integers(8, 64),
    "training_batch_size": st.integers(1, 100),
    "validation_batch_size": st.integers(1, 100),
    "gradient_accumulation_step": st.integers(1, 9),
}
"""Values that would take long at any size."""

PLACEMENT = Placement(torch.device("cpu"), num_threads=1)


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Values that the schema allows for a hyperparameter."""
    if name in SMALL:
        return SMALL[name]
    field = Hyperparameters.model_fields[name]
    if field.annotation is bool:
        return st.booleans()
    if field.annotation in (int, float):
        bounds = {
            side: getattr(rule, side)
            for rule in field.metadata
            for side in ("ge", "le", "gt", "lt")
            if hasattr(rule, side)
        }
        low, high = bounds.get("ge", bounds.get("gt", 0)), bounds.get("le", bounds.get("lt", 9))
        if field.annotation is int:
            return st.integers(low, high)
        return st.floats(
            low, high, exclude_min="gt" in bounds, exclude_max="lt" in bounds, width=32
        )
    return st.sampled_from(list(field.annotation.__args__))  # type: ignore[union-attr]


SWEPT = [
    name
    for name in Hyperparameters.model_fields
    # weights may have to be fetched, compiling takes a minute, bf16 is slow without hardware
    if is_searchable(name) and name not in ("pretrained", "compile", "precision")
]
sub_spaces = st.lists(st.sampled_from(SWEPT), min_size=1, max_size=5, unique=True).flatmap(
    lambda names: st.fixed_dictionaries(
        {
            name: st.one_of(
                values_of(name),
                st.lists(values_of(name), min_size=1, max_size=3).map(
                    lambda values: {"type": "choice", "values": values}
                ),
            )
            for name in names
        }
    )
)
jobs = st.fixed_dictionaries(
    {
        "search_space": st.lists(sub_spaces, min_size=1, max_size=2),
        "sweep": st.fixed_dictionaries(
            {"sampling_algorithm": st.sampled_from(["random", "grid", "bayesian"])}
        ),
    }
)


@pytest.fixture(scope="module")
def data(shapes: Path) -> Manifest:
    return manifest.build(Job(training_data=DataSource(path=shapes)))


@given(keys=jobs)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_whatever_validates_trains_or_is_refused_with_a_sentence(
    shapes: Path, data: Manifest, keys: dict[str, Any]
) -> None:
    given_keys = {
        "training_data": {"path": str(shapes)},
        "training_parameters": TINY,
        "limits": {"max_trials": 2},
    }
    refusal = ""
    try:
        job = Job.from_dict({**given_keys, **keys})
        planned = plan(job, data, has_gpu=False)
        plan_resources(job, num_trials=2, num_cpus=2, num_gpus=0)
        wanted = reachable(job, planned)[0]
        # how many blocks a model has, which layers_to_freeze counts, is known once it is built
        training = TrialTraining(wanted, pictures_for(wanted, data), PLACEMENT)
    except ValueError as error:  # a JobError is one as well
        refusal = str(error)
    if refusal:
        assert refusal.endswith(".")
        return
    with contextlib.suppress(DivergedError):  # rates up to 1 are allowed
        evaluation, _ = training.advance()
        assert evaluation.epoch >= (1 if training.trains else 0)


def pictures_for(hyperparameters: Hyperparameters, data: Manifest) -> TrialData:
    (pictures,) = trial_data.prepare(data, [hyperparameters], progress=lambda *_: None).values()
    return pictures
