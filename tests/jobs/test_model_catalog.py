from importlib.resources import files

import pytest

from automl.jobs import model_catalog, model_names

AZURE = (
    "mobilenetv2 resnet18 resnet34 resnet50 resnet101 resnet152 resnest50 resnest101 "
    "seresnext vits16r224 vitb16r224 vitl16r224"
)
HUB_NAMES = (
    *("google/vit-base-patch16-224", "google/vit-base-patch16-384", "google/vit-large-patch32-384"),
    *("google/vit-huge-patch14-224-in21k", "microsoft/beit-base-patch16-224-pt22k-ft22k"),
    *("microsoft/beit-large-patch16-512", "facebook/deit-base-patch16-224"),
    *("facebook/deit-tiny-distilled-patch16-224", "microsoft/swinv2-tiny-patch4-window16-256"),
    *("microsoft/swinv2-base-patch4-window12-192-22k", "microsoft/swin-base-patch4-window12-384"),
    *("microsoft/swin-large-patch4-window7-224", "microsoft/resnet-26", "microsoft/resnet-152"),
    *("facebook/convnext-base-224-22k-1k", "facebook/convnextv2-atto-1k-224"),
    *("facebook/dinov2-giant", "openai/clip-vit-base-patch32", "apple/mobilevit-x-small"),
    *("sail/poolformer_m48", "facebook/convnext-tiny-224", "facebook/convnextv2-base-22k-224"),
)


def test_the_twelve_names_of_azure_are_offered():
    assert set(model_catalog.AZURE_NAMES) == set(AZURE.split())


def test_every_model_on_offer_is_one_that_timm_has():
    for model in model_catalog.MODELS.values():
        assert model_catalog.is_timm_name(model.timm_name), model.name


@pytest.mark.parametrize("name", ["resnet18", "vitb16r224", "resnetv2_50", "resnet50.a1_in1k"])
def test_our_names_and_timms_are_accepted(name):
    assert model_catalog.check_name(name) == name


@pytest.mark.parametrize(
    ("name", "nearest"), [("resnet81", "resnet18"), ("mobilnetv2", "mobilenetv2")]
)
def test_an_unknown_name_is_refused_with_the_nearest_ones(name, nearest):
    with pytest.raises(ValueError, match=rf"'{name}' is not a model we know.*\b{nearest}\b"):
        model_catalog.check_name(name)


def test_a_name_like_no_other_is_refused_with_a_place_to_begin():
    with pytest.raises(ValueError, match="Try resnet18"):
        model_catalog.check_name("????????????????????????????????????")


def test_our_names_stand_for_timms_with_weights():
    assert model_catalog.timm_name("resnet18") == "resnet18.tv_in1k"
    assert model_catalog.timm_name("regnety_002") == "regnety_002"


def test_models_are_grouped_by_family():
    assert model_catalog.family("vitb16r224") == "ViT"
    assert model_catalog.family("regnety_002.pycls_in1k") == "regnety"


def test_a_model_of_fixed_size_is_known_by_any_of_its_names():
    names = ("vits16r224", "vit_base_patch16_384", "vit_base_patch16_384.augreg_in1k", "resnet18")
    assert [model_catalog.fixed_input_size(name) for name in names] == [224, 384, 384, None]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("resnet18", [200, 224, 256, 518]),
        ("vits16r224", [224]),
        ("dinov2_small", [224, 518]),
        ("dinov3_small", [224, 256]),
        ("siglip2_base", [224]),
    ],
)
def test_a_model_takes_any_size_or_its_own_or_multiples_of_its_patches(name, sizes):
    assert [size for size in (200, 224, 256, 518) if model_catalog.takes(name, size)] == sizes


@pytest.mark.engine
def test_the_models_their_fixed_sizes_and_the_licences_of_their_weights_are_timms_own():
    import timm  # slow
    import torch

    sizes = {}
    for name in timm.list_models():
        config = timm.get_pretrained_cfg(name)
        sizes[name] = config.input_size[1] if config and config.fixed_input_size else ""
    ours = (files("automl.jobs") / "timm_models.txt").read_text("utf-8").splitlines()
    assert set(ours) == {f"{name} {size}".strip() for name, size in sizes.items()}
    from automl.model import blocks

    for name in ("resnest50", "mobilenetv2", "convnext_atto", "siglip2_base", "vits16r224"):
        with torch.device("meta"):
            network = timm.create_model(model_catalog.timm_name(name))
        found = blocks.parameter_names(network, model_catalog.timm_name(name))
        assert model_catalog.num_blocks(name) == len(found), name
    assert all(model_catalog.num_blocks(name) for name in model_catalog.MODELS)
    downloadable = set(timm.list_pretrained())
    assert {model_names.timm_spelling(name) for name in HUB_NAMES} <= downloadable
    for model in model_catalog.MODELS.values():
        assert model.timm_name in downloadable, model.name
        assert model.licence == timm.get_pretrained_cfg(model.timm_name).license, model.name
