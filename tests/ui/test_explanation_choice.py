"""The explanations that a page offers are those that the model can give."""

import pytest

from automl.ui.answers import explanation_view


@pytest.mark.parametrize(
    ("method", "first"),
    [("linear_probe", "guided_gradcam"), ("concatenated_probe", "guided_backprop")],
)
def test_a_model_of_several_networks_is_not_offered_grad_cam(
    make_experiment, make_trial, method, first
):
    directory = make_experiment(
        trials=[make_trial("t1", [0.9], hyperparameters={"method": method})]
    )
    offered = explanation_view.offered(directory, "t1")
    assert offered[0] == first
    assert ("guided_gradcam" in offered) == (first == "guided_gradcam")
