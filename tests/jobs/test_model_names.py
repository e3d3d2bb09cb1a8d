"""Models under the names of the Hugging Face Hub and of Azure's registry."""

import pytest

from automl.jobs import job_notes
from automl.jobs.job import Job
from automl.jobs.job_errors import JobError
from automl.jobs.model_names import timm_spelling

AZURES_OWN = {
    "microsoft/beit-base-patch16-224-pt22k-ft22k": "beit_base_patch16_224.in22k_ft_in22k",
    "google/vit-base-patch16-224": "vit_base_patch16_224.orig_in21k_ft_in1k",
    "facebook/deit-base-patch16-224": "deit_base_patch16_224.fb_in1k",
    "microsoft/swinv2-base-patch4-window12-192-22k": "swinv2_base_window12_192.ms_in22k",
}
OTHERS = {
    "microsoft/resnet-50": "resnet50.a1_in1k",
    "google/vit-large-patch16-224-in21k": "vit_large_patch16_224.orig_in21k",
    "google/vit-large-patch16-224": "vit_large_patch16_224.augreg_in21k_ft_in1k",
    "microsoft/beit-large-patch16-512": "beit_large_patch16_512.in22k_ft_in22k_in1k",
    "facebook/deit-tiny-distilled-patch16-224": "deit_tiny_distilled_patch16_224.fb_in1k",
    "microsoft/swin-base-patch4-window7-224-in22k": "swin_base_patch4_window7_224.ms_in22k",
    "microsoft/swin-large-patch4-window12-384": "swin_large_patch4_window12_384.ms_in22k_ft_in1k",
    "microsoft/swin-tiny-patch4-window7-224": "swin_tiny_patch4_window7_224.ms_in1k",
    "microsoft/swinv2-tiny-patch4-window16-256": "swinv2_tiny_window16_256.ms_in1k",
    "facebook/convnext-tiny-224": "convnext_tiny.fb_in1k",
    "facebook/convnext-base-224-22k": "convnext_base.fb_in22k",
    "facebook/convnext-xlarge-224-22k-1k": "convnext_xlarge.fb_in22k_ft_in1k",
    "facebook/convnextv2-nano-1k-224": "convnextv2_nano.fcmae_ft_in1k",
    "facebook/convnextv2-base-22k-224": "convnextv2_base.fcmae_ft_in22k_in1k",
    "facebook/dinov2-giant": "vit_giant_patch14_dinov2.lvd142m",
    "openai/clip-vit-base-patch32": "vit_base_patch32_clip_224.openai",
    "apple/mobilevit-xx-small": "mobilevit_xxs.cvnets_in1k",
    "apple/mobilevit-small": "mobilevit_s.cvnets_in1k",
    "sail/poolformer_s12": "poolformer_s12.sail_in1k",
    "timm/resnet18.a1_in1k": "resnet18.a1_in1k",
    "hf-hub:timm/vit_tiny_patch16_224.augreg_in21k": "vit_tiny_patch16_224.augreg_in21k",
    "hf_hub:timm/resnet18": "resnet18",
    "ResNet18": "resnet18",
    "resnet18": None,
    "timm/no_such_network": None,
    "any/text": None,
    "google/bert-base-uncased": None,
}
REGISTRY = {name.replace("/", "-"): timm_name for name, timm_name in AZURES_OWN.items()}


@pytest.mark.parametrize(("name", "timm_name"), {**AZURES_OWN, **REGISTRY, **OTHERS}.items())
def test_a_model_of_another_catalogue_is_timms(name, timm_name):
    assert timm_spelling(name) == timm_name


def test_the_mapping_is_said_and_kept():
    google, resnet = "google/vit-base-patch16-224", "timm/resnet18.a1_in1k"
    job = Job.from_dict(
        {
            "training_data": {"path": "x"},
            "training_parameters": {"model_name": resnet},
            "search_space": [
                {"model_name": {"type": "choice", "values": [google, "resnet50"]}},
                {"model_name": google},
            ],
            "sweep": {"sampling_algorithm": "random"},
        }
    )
    assert job.training_parameters["model_name"] == "resnet18.a1_in1k"
    assert job.search_space[0]["model_name"].values == [AZURES_OWN[google], "resnet50"]
    assert job.search_space[1]["model_name"] == AZURES_OWN[google]
    said = " ".join(job_notes.notes(job))
    assert f"{google} is the model {AZURES_OWN[google]} here" in said
    assert f"{resnet} is the model resnet18.a1_in1k here" in said
    assert Job.from_yaml(job.to_yaml()) == job


def test_a_model_that_timm_lacks_is_refused_by_its_own_name():
    given = {"training_data": {"path": "x"}, "training_parameters": {"model_name": "any/text"}}
    with pytest.raises(JobError, match="'any/text' is not a model we know"):
        Job.from_dict(given)
