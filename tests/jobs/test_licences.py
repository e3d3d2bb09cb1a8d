"""`allowed_licences`: what a job may start from, checked before anything is started."""

from typing import Any

import pytest

from automl.jobs.job import Job
from automl.jobs.job_errors import JobError

CHOICE = {"type": "choice", "values": ["efficientnet_lite0", "resnet50"]}


def job(**keys: Any) -> Job:
    return Job.from_dict({"training_data": {"path": "pets"}, **keys})


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"training_parameters": {"model_name": "resnet50"}},
        {"search_space": [{"model_name": CHOICE}], "limits": {"max_trials": 2}},
    ],
)
def test_without_a_list_everything_is_allowed(keys: dict[str, Any]) -> None:
    assert job(**keys).allowed_licences is None


@pytest.mark.parametrize(
    "keys",
    [
        {"training_parameters": {"model_name": "efficientnet_lite0"}},
        {"training_parameters": {"model_name": "tf_efficientnet_lite0.in1k"}},
        {"training_parameters": {"model_name": "resnet50", "pretrained": "never"}},
        {"limits": {"max_trials": 5}},  # AutoMode chooses among the allowed ones
        {"search_space": [{"model_name": CHOICE, "pretrained": "never"}]},
    ],
)
def test_what_the_list_allows_is_valid(keys: dict[str, Any]) -> None:
    assert job(allowed_licences=["Apache-2.0"], **keys).allowed_licences == ["apache-2.0"]


@pytest.mark.parametrize(
    ("keys", "place", "said"),
    [
        (
            {"training_parameters": {"model_name": "resnet50"}},
            "training_parameters.model_name",
            "The pretrained weights of resnet50 have the licence bsd-3-clause",
        ),
        ({}, "training_parameters.model_name", "weights of resnet18 have the licence bsd-3-clause"),
        (
            {"training_parameters": {"model_name": "resnet50.fb_swsl_ig1b_ft_in1k"}},
            "training_parameters.model_name",
            "have a licence that is not known",
        ),
        (
            {
                "training_parameters": {"model_name": "resnet50"},
                "limits": {"max_trials": 5},
            },
            "training_parameters.model_name",
            "resnet50",
        ),
        (
            {"search_space": [{"learning_rate": 0.1, "model_name": CHOICE}]},
            "search_space.0.model_name",
            "resnet50",
        ),
    ],
)
def test_a_model_with_other_weights_is_refused(keys: dict[str, Any], place: str, said: str) -> None:
    with pytest.raises(JobError) as refused:
        job(allowed_licences=["apache-2.0", "mit"], **keys)
    (problem,) = refused.value.problems
    assert problem.key == place
    assert said in problem.message
    assert problem.message.endswith(
        "allowed_licences is apache-2.0, mit. Choose another model, allow the licence, or set "
        "pretrained: never."
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "allowed_licences is empty"),
        (["Apache 2.0"], "allowed_licences names 'Apache 2.0'; allowed are identifiers of SPDX"),
        ("mit", "list"),
    ],
)
def test_what_is_no_list_of_licences_is_refused(value: Any, said: str) -> None:
    with pytest.raises(JobError, match=said):
        job(allowed_licences=value, limits={"max_trials": 5})
