"""Models that the app offers, with size, input, cost and licence. timm is not imported."""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from automl.errors import UserError


@dataclass(frozen=True)
class ModelInfo:
    """A model that the app offers by name.

    `parameters` in millions; `gmacs`: billions of multiply-adds for a picture of `input_size`;
    `licence`: of the pretrained weights that timm has under this name, as an SPDX identifier.
    """

    name: str
    timm_name: str
    family: str
    parameters: float
    gmacs: float
    input_size: int = 224
    licence: str = "apache-2.0"


_AZURE = (
    ModelInfo("mobilenetv2", "mobilenetv2_100.ra_in1k", "MobileNet", 3.5, 0.31),
    ModelInfo("resnet18", "resnet18.tv_in1k", "ResNet", 11.7, 1.82, licence="bsd-3-clause"),
    ModelInfo("resnet34", "resnet34.tv_in1k", "ResNet", 21.8, 3.67, licence="bsd-3-clause"),
    ModelInfo("resnet50", "resnet50.tv_in1k", "ResNet", 25.6, 4.11, licence="bsd-3-clause"),
    ModelInfo("resnet101", "resnet101.tv_in1k", "ResNet", 44.6, 7.83, licence="bsd-3-clause"),
    ModelInfo("resnet152", "resnet152.tv_in1k", "ResNet", 60.2, 11.6, licence="bsd-3-clause"),
    ModelInfo("resnest50", "resnest50d.in1k", "ResNeSt", 27.5, 5.42),
    ModelInfo("resnest101", "resnest101e.in1k", "ResNeSt", 48.3, 13.4),
    ModelInfo("seresnext", "legacy_seresnext50_32x4d.in1k", "SE-ResNeXt", 27.6, 4.26),
    ModelInfo("vits16r224", "vit_small_patch16_224.augreg_in21k_ft_in1k", "ViT", 22.1, 4.61),
    ModelInfo("vitb16r224", "vit_base_patch16_224.augreg_in21k_ft_in1k", "ViT", 86.6, 17.6),
    ModelInfo("vitl16r224", "vit_large_patch16_224.augreg_in21k_ft_in1k", "ViT", 304.3, 61.6),
)
_LIGHT = (
    ModelInfo("mobilenetv1_100", "mobilenetv1_100.ra4_e3600_r224_in1k", "MobileNet", 4.2, 0.58),
    ModelInfo("mobilenetv3_small_100", "mobilenetv3_small_100.lamb_in1k", "MobileNet", 2.5, 0.06),
    ModelInfo("mobilenetv3_large_100", "mobilenetv3_large_100.ra_in1k", "MobileNet", 5.5, 0.22),
    ModelInfo("efficientnet_b0", "efficientnet_b0.ra_in1k", "EfficientNet", 5.3, 0.40),
    ModelInfo("efficientnet_lite0", "tf_efficientnet_lite0.in1k", "EfficientNet", 4.7, 0.40),
    ModelInfo("efficientnet_lite1", "tf_efficientnet_lite1.in1k", "EfficientNet", 5.4, 0.62, 240),
    ModelInfo("efficientnet_lite2", "tf_efficientnet_lite2.in1k", "EfficientNet", 6.1, 0.89, 260),
    ModelInfo("convnext_atto", "convnext_atto.d2_in1k", "ConvNeXt", 3.7, 0.55),
    ModelInfo("convnext_tiny", "convnext_tiny.in12k_ft_in1k", "ConvNeXt", 28.6, 4.47),
    ModelInfo("vit_tiny", "vit_tiny_patch16_224.augreg_in21k_ft_in1k", "ViT", 5.7, 1.26),
)
MODELS = {model.name: model for model in _AZURE + _LIGHT}
_LICENCES = {model.timm_name: model.licence for model in MODELS.values()}
LICENCES = tuple(sorted(set(_LICENCES.values())))
UNKNOWN_LICENCE = "unknown"
AZURE_NAMES = tuple(model.name for model in _AZURE)


def timm_name(model_name: str) -> str:
    """Return timm's name of a model, from our name or timm's own."""
    return MODELS[model_name].timm_name if model_name in MODELS else model_name


def licence(model_name: str) -> str | None:
    """Licence of the pretrained weights of a model, by our name or timm's; None if not known."""
    return _LICENCES.get(timm_name(model_name))


def family(model_name: str) -> str:
    """Return the family of a model, by which it is coloured; of a timm model the first word."""
    if model_name in MODELS:
        return MODELS[model_name].family
    return model_name.partition("_")[0].partition(".")[0]


def check_name(model_name: str) -> str:
    """Return the name if the model can be built.

    Raises:
        UserError: neither our name nor timm's; says the nearest names.
    """
    if model_name in MODELS or is_timm_name(model_name):
        return model_name
    known = set(MODELS) | set(_timm_models())
    nearest = difflib.get_close_matches(model_name, known, n=3, cutoff=0.5)
    hint = f"The nearest names are {', '.join(nearest)}" if nearest else "Try resnet18"
    raise UserError(
        f"{model_name!r} is not a model we know. {hint}; any timm model name is allowed too."
    )


def is_timm_name(model_name: str) -> bool:
    """True if timm has the architecture; the tag after the dot names the weights and can be any."""
    name, _, tag = model_name.partition(".")
    # the tag becomes part of paths and addresses
    return name in _timm_models() and re.fullmatch(r"\w*", tag, re.ASCII) is not None


def fixed_input_size(model_name: str) -> int | None:
    """Return the only picture size that a model takes, in pixels; None if it takes any size."""
    return _timm_models().get(timm_name(model_name).partition(".")[0])


@cache
def _timm_models() -> dict[str, int | None]:
    """Architecture -> fixed input size."""
    # importing timm takes 9 s; a test compares this list with timm's own
    lines = (files("automl.jobs") / "timm_models.txt").read_text("utf-8").splitlines()
    parts = [line.split() for line in lines]
    return {name: int(size[0]) if size else None for name, *size in parts}
