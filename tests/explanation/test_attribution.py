import numpy as np
import pytest
import timm
import torch
from torch import nn

from automl.errors import FeatureMapMissingError
from automl.explanation.feature_map import Mapped
from automl.explanation.request import ExplanationParameters
from automl.model.network import Normalised

ALGORITHMS = ("xrai", "integrated_gradients", "guided_gradcam", "guided_backprop")


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def attribute(model, pixels, target=0, **parameters) -> np.ndarray:
    from automl.explanation import attribution  # which imports all of captum

    return attribution.attribute(model, tensor(pixels), target, ExplanationParameters(**parameters))


def heat_of(found: np.ndarray, algorithm: str) -> np.ndarray:
    from automl.explanation import attribution

    return attribution.heat(found, algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_every_algorithm_gives_every_value_of_the_picture_a_number(
    make_model, make_pixels, name, algorithm
):
    pixels = make_pixels(name)
    model = make_model(name)
    answer = int(model(tensor(pixels)).argmax())
    found = attribute(model, pixels, answer, xai_algorithm=algorithm, n_steps=4)
    assert found.shape == (3, *pixels.shape[:2])
    assert np.isfinite(found).all()
    assert found.std() > 0
    heat = heat_of(found, algorithm)
    assert (heat.min(), heat.max()) == (0, 1)


@pytest.mark.parametrize("method", ["riemann_middle", "gausslegendre"])
@pytest.mark.parametrize("name", ["test_efficientnet", "test_vit"])
def test_integrated_gradients_add_up_to_what_the_picture_changes(
    make_model, make_pixels, name, method
):
    model, pixels = make_model(name), make_pixels(name)
    found = attribute(
        model,
        pixels,
        target=1,
        xai_algorithm="integrated_gradients",
        n_steps=50,
        approximation_method=method,
    )
    with torch.inference_mode():
        with_picture, black = model(torch.cat([tensor(pixels), torch.zeros_like(tensor(pixels))]))
    assert found.sum() == pytest.approx(float(with_picture[1] - black[1]), rel=0.03, abs=0.01)


def test_more_steps_come_closer_to_the_integral(make_model, make_pixels):
    model, pixels = make_model("test_efficientnet"), make_pixels("test_efficientnet")
    few, many, most = (
        attribute(model, pixels, xai_algorithm="integrated_gradients", n_steps=steps)
        for steps in (2, 20, 60)
    )
    assert np.abs(many - most).max() < np.abs(few - most).max() / 5


def test_xrai_is_a_map_of_regions_and_the_slow_one_another(make_model, make_pixels):
    model, pixels = make_model("test_resnet"), make_pixels("test_resnet")
    fast = attribute(model, pixels, n_steps=4)
    slow = attribute(model, pixels, n_steps=4, xrai_fast=False)
    assert (fast[0] == fast[1]).all()
    assert (fast[0] == fast[2]).all()
    assert len(np.unique(fast[0])) < 100  # of 4,096 pixels
    assert not np.array_equal(fast, slow)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_picture_of_one_colour_can_be_explained(make_model, algorithm):
    pixels = np.full((64, 64, 3), 90, np.uint8)
    found = attribute(make_model("test_resnet"), pixels, xai_algorithm=algorithm, n_steps=2)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_efficientnet"])
def test_looking_at_the_feature_map_does_not_change_the_answer(make_model, make_pixels, name):
    model, pixels = make_model(name), tensor(make_pixels(name))
    with torch.inference_mode():
        torch.testing.assert_close(Mapped(model)(pixels), model(pixels))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("test_resnet", (1, 96, 2, 2)),
        ("test_vit", (1, 64, 10, 10)),
        ("test_mambaout", (1, 64, 2, 2)),
    ],
)
def test_the_feature_map_keeps_the_layout_of_the_picture(name, shape):
    network = timm.create_model(name, num_classes=3).eval()
    mapped = Mapped(Normalised(network, (0.5,) * 3, (0.5,) * 3))
    seen = []
    mapped.map.register_forward_hook(lambda *known: seen.append(known[-1].shape))
    with torch.inference_mode():
        mapped(torch.rand(1, 3, *(2 * [160 if name == "test_vit" else 64])))
    assert seen == [torch.Size(shape)]


def test_a_model_without_a_map_is_refused_for_gradcam_alone(make_pixels):
    class Pairs(nn.Module):
        def forward_features(self, pixels):
            return pixels, pixels

    model = Normalised(Pairs(), (0.5,) * 3, (0.5,) * 3)
    with pytest.raises(FeatureMapMissingError, match="Pairs has none. Choose xrai"):
        attribute(model, make_pixels("test_resnet"), xai_algorithm="guided_gradcam")


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Hardswish])
def test_guided_backpropagation_lets_nothing_negative_through_any_activation(activation):
    """The plain gradient of w·act(x) with w < 0 is negative, the guided one is zero."""
    model = nn.Sequential(activation(), nn.Flatten(), nn.Linear(3, 2, bias=False))
    model[2].weight.data = torch.tensor([[-1.0, -1, -1], [1, 1, 1]])
    pixels = np.full((1, 1, 3), 200, np.uint8)
    assert (attribute(model, pixels, target=0, xai_algorithm="guided_backprop") == 0).all()
    assert (attribute(model, pixels, target=1, xai_algorithm="guided_backprop") > 0).all()


def test_guided_backpropagation_leaves_the_gradient_of_a_skip_connection_alone():
    """The gradient of x·1 + act(x)·(-1) is 1 + max(-1, 0) = 1 where the activation is open."""

    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.activation = nn.ReLU(inplace=True)

        def forward(self, pixels):
            doubled = pixels * 2
            return (doubled - self.activation(doubled.clone())).flatten(1).sum(1, keepdim=True)

    pixels = np.full((4, 4, 3), 200, np.uint8)
    np.testing.assert_allclose(attribute(Skip(), pixels, xai_algorithm="guided_backprop"), 2)


def test_where_nothing_matters_there_is_no_heat():
    assert not heat_of(np.zeros((3, 8, 8), np.float32), "guided_gradcam").any()


def test_an_algorithm_leaves_no_hooks_behind(make_model, make_pixels):
    model, pixels = make_model("test_vit"), make_pixels("test_vit")
    first = attribute(model, pixels, xai_algorithm="integrated_gradients", n_steps=2)
    attribute(model, pixels, xai_algorithm="guided_gradcam")
    again = attribute(model, pixels, xai_algorithm="integrated_gradients", n_steps=2)
    np.testing.assert_array_equal(first, again)
