"""Models that the app offers, with size, input, cost and licence. timm is not imported."""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from automl.errors import UserError
from automl.texts import mark


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
    learnt_from: Literal["labels", "captions", "pictures"] = "labels"
    """Pretraining: supervised, contrastive with texts, or self-supervised."""


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
    ModelInfo(
        "mobilenetv3_large_100", "mobilenetv3_large_100.miil_in21k_ft_in1k", "MobileNet", 5.5, 0.23
    ),
    ModelInfo("efficientnet_b0", "efficientnet_b0.ra4_e3600_r224_in1k", "EfficientNet", 5.3, 0.40),
    ModelInfo("efficientnet_lite0", "tf_efficientnet_lite0.in1k", "EfficientNet", 4.7, 0.40),
    ModelInfo("efficientnet_lite1", "tf_efficientnet_lite1.in1k", "EfficientNet", 5.4, 0.62, 240),
    ModelInfo("efficientnet_lite2", "tf_efficientnet_lite2.in1k", "EfficientNet", 6.1, 0.89, 260),
    ModelInfo("convnext_atto", "convnext_atto.d2_in1k", "ConvNeXt", 3.7, 0.55),
    ModelInfo("convnext_tiny", "convnext_tiny.in12k_ft_in1k", "ConvNeXt", 28.6, 4.47),
    ModelInfo("vit_tiny", "vit_tiny_patch16_224.augreg_in21k_ft_in1k", "ViT", 5.7, 1.26),
    ModelInfo("hgnetv2_b1", "hgnetv2_b1.ssld_stage2_ft_in1k", "HGNet", 6.3, 0.49),
    ModelInfo("hgnetv2_b2", "hgnetv2_b2.ssld_stage2_ft_in1k", "HGNet", 11.2, 1.15),
    ModelInfo("tiny_vit_21m", "tiny_vit_21m_224.dist_in22k_ft_in1k", "ViT", 21.2, 4.27),
)
_FOR_FEATURES = (
    ModelInfo(
        "dinov2_small",
        "vit_small_patch14_reg4_dinov2.lvd142m",
        "ViT",
        22.1,
        5.5,
        learnt_from="pictures",
    ),
    ModelInfo(
        "dinov3_small",
        "vit_small_patch16_dinov3.lvd1689m",
        "ViT",
        21.6,
        6.26,
        256,
        licence="dinov3-license",
        learnt_from="pictures",
    ),
    ModelInfo(
        "siglip2_base",
        "vit_base_patch16_siglip_224.v2_webli",
        "ViT",
        92.9,
        17.7,
        learnt_from="captions",
    ),
)
MODELS = {model.name: model for model in _AZURE + _LIGHT + _FOR_FEATURES}
_LICENCES = {model.timm_name: model.licence for model in MODELS.values()}
LICENCES = tuple(sorted(set(_LICENCES.values())))
UNKNOWN_LICENCE = "unknown"
PERMISSIVE = ("apache-2.0", "bsd-3-clause", "mit")
_PATCHES = {"patch14_dinov2": 14, "patch14_reg4_dinov2": 14, "patch16_dinov3": 16}
"""Part of an architecture's name -> side of its patches, of which pictures have any number."""
_BLOCKS = {
    5: "resnet18 resnet34 resnet50 resnet101 resnet152 resnest50 resnest101 seresnext",
    6: "mobilenetv1_100 convnext_atto convnext_tiny hgnetv2_b1 hgnetv2_b2 tiny_vit_21m",
    8: "mobilenetv3_small_100 efficientnet_b0 efficientnet_lite0 efficientnet_lite1 "
    "efficientnet_lite2",
    9: "mobilenetv3_large_100",
    13: "vits16r224 vitb16r224 vit_tiny dinov2_small dinov3_small",
    14: "siglip2_base",
    19: "mobilenetv2",
    25: "vitl16r224",
}
_BLOCKS_OF = {name: number for number, names in _BLOCKS.items() for name in names.split()}
AZURE_NAMES = tuple(model.name for model in _AZURE)


def timm_name(model_name: str) -> str:
    """Return timm's name of a model, from our name or timm's own."""
    return MODELS[model_name].timm_name if model_name in MODELS else model_name


def licence(model_name: str) -> str | None:
    """Licence of the pretrained weights of a model, by our name or timm's; None if not known."""
    return _LICENCES.get(timm_name(model_name))


def is_permissive(licence: str | None) -> bool:
    """False if a licence is known to ask for more than a notice."""
    return licence is None or licence in PERMISSIVE


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
    hint = mark(f"The nearest names are {', '.join(nearest)}") if nearest else mark("Try resnet18")
    raise UserError(
        f"{model_name!r} is not a model we know. {hint}; any timm model name is allowed too."
    )


def is_timm_name(model_name: str) -> bool:
    """True if timm has the architecture; the tag after the dot names the weights and can be any."""
    name, _, tag = model_name.partition(".")
    # the tag becomes part of paths and addresses
    return name in _timm_models() and re.fullmatch(r"\w*", tag, re.ASCII) is not None


def fixed_input_size(model_name: str) -> int | None:
    """Return the only picture size that a model takes, in pixels; None if it takes others."""
    if patch_size(model_name):
        return None
    return _timm_models().get(timm_name(model_name).partition(".")[0])


def patch_size(model_name: str) -> int | None:
    """Return the number of pixels that divides every size a model takes; None if any size does."""
    architecture = timm_name(model_name).partition(".")[0]
    return next((side for part, side in _PATCHES.items() if part in architecture), None)


def num_blocks(model_name: str) -> int | None:
    """Return the number of blocks before the last layer; None if it is known to timm alone."""
    return _BLOCKS_OF.get(model_name)


def takes(model_name: str, size: int) -> bool:
    """True if a model takes pictures of a size, in pixels."""
    is_whole = size % (patch_size(model_name) or 1) == 0
    return is_whole and fixed_input_size(model_name) in (None, size)


@cache
def _timm_models() -> dict[str, int | None]:
    """Architecture -> fixed input size."""
    # importing timm takes 9 s; a test compares this list with timm's own
    lines = (files("automl.jobs") / "timm_models.txt").read_text("utf-8").splitlines()
    parts = [line.split() for line in lines]
    return {name: int(size[0]) if size else None for name, *size in parts}
