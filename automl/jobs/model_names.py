"""Names of timm's models in other catalogues: the Hugging Face Hub, and Azure's registry."""

import re
from collections.abc import Mapping
from typing import Any

from automl.jobs import model_catalog

_HUB = re.compile(r"(?:hf[-_]hub:)?timm/(.+)", re.IGNORECASE)
_OWNER = re.compile(r"(?:apple|facebook|google|microsoft|openai|sail)[/-](.+)", re.IGNORECASE)
_RULES = (
    (r"vit-(base|large|huge)-patch(\d+)-(\d+)-in21k", r"vit_\1_patch\2_\3.orig_in21k"),
    (r"vit-base-patch16-(\d+)", r"vit_base_patch16_\1.orig_in21k_ft_in1k"),
    (r"vit-large-patch32-(\d+)", r"vit_large_patch32_\1.orig_in21k_ft_in1k"),
    (r"vit-(base|large)-patch(\d+)-(\d+)", r"vit_\1_patch\2_\3.augreg_in21k_ft_in1k"),
    (r"beit-(base|large)-patch16-224-pt22k-ft22k", r"beit_\1_patch16_224.in22k_ft_in22k"),
    (r"beit-(base|large)-patch16-(\d+)", r"beit_\1_patch16_\2.in22k_ft_in22k_in1k"),
    (r"deit-(tiny|small|base)-patch16-(\d+)", r"deit_\1_patch16_\2.fb_in1k"),
    (r"deit-(tiny|small|base)-distilled-patch16-(\d+)", r"deit_\1_distilled_patch16_\2.fb_in1k"),
    (r"swin-(\w+)-patch4-window(\d+)-(\d+)-in22k", r"swin_\1_patch4_window\2_\3.ms_in22k"),
    (r"swin-large-patch4-window(\d+)-(\d+)", r"swin_large_patch4_window\1_\2.ms_in22k_ft_in1k"),
    (r"swin-(\w+)-patch4-window(\d+)-(\d+)", r"swin_\1_patch4_window\2_\3.ms_in1k"),
    (r"swinv2-(base|large)-patch4-window12-192-22k", r"swinv2_\1_window12_192.ms_in22k"),
    (r"swinv2-(\w+)-patch4-window(\d+)-(\d+)", r"swinv2_\1_window\2_\3.ms_in1k"),
    (r"resnet-26", r"resnet26.bt_in1k"),
    (r"resnet-(18|34|50|101|152)", r"resnet\1.a1_in1k"),
    (r"convnext-(\w+)-224", r"convnext_\1.fb_in1k"),
    (r"convnext-(\w+)-224-22k", r"convnext_\1.fb_in22k"),
    (r"convnext-(\w+)-224-22k-1k", r"convnext_\1.fb_in22k_ft_in1k"),
    (r"convnextv2-(\w+)-1k-224", r"convnextv2_\1.fcmae_ft_in1k"),
    (r"convnextv2-(\w+)-22k-224", r"convnextv2_\1.fcmae_ft_in22k_in1k"),
    (r"dinov2-(small|base|large|giant)", r"vit_\1_patch14_dinov2.lvd142m"),
    (r"clip-vit-base-patch(\d+)", r"vit_base_patch\1_clip_224.openai"),
    (r"mobilevit-(x{0,2})-?s(?:mall)?", r"mobilevit_\1s.cvnets_in1k"),
    (r"poolformer[-_](\w+)", r"poolformer_\1.sail_in1k"),
)
"""Name on the Hub without its owner -> timm's name of the network and of weights of that kind."""


def timm_spelling(name: str) -> str | None:
    """Return the name under which a model can be built here.

    None if the name is one of ours or timm's already, or of a model that timm does not have.
    """
    if name in model_catalog.MODELS or model_catalog.is_timm_name(name):
        return None
    if name.lower() in model_catalog.MODELS:
        return name.lower()
    if hub := _HUB.fullmatch(name):
        return hub[1] if model_catalog.is_timm_name(hub[1]) else None
    owned = _OWNER.fullmatch(name)
    return owned and _by_rule(owned[1].lower())


def _by_rule(name: str) -> str | None:
    for pattern, replacement in _RULES:
        if found := re.fullmatch(pattern, name):
            timm_name = found.expand(replacement)
            return timm_name if model_catalog.is_timm_name(timm_name) else None
    return None


def in_a_job(job: dict[str, Any]) -> dict[str, Any]:
    """Return a job with timm's names of its models, and `model_aliases` with those it had.

    Args:
        job: content of a job file, not checked yet.
    """
    found: dict[str, str] = {}
    shared, space = job.get("training_parameters"), job.get("search_space")
    changed = dict(job)
    if isinstance(shared, dict):
        changed["training_parameters"] = _renamed(shared, found)
    if isinstance(space, list):
        changed["search_space"] = [
            _renamed(sub_space, found) if isinstance(sub_space, dict) else sub_space
            for sub_space in space
        ]
    return {**changed, "model_aliases": found} if found else job


def _renamed(section: Mapping[str, Any], found: dict[str, str]) -> dict[str, Any]:
    """Return a section with timm's name of its model; adds the names that it had to `found`."""
    if "model_name" not in section:
        return dict(section)
    value = section["model_name"]
    if isinstance(value, dict) and isinstance(value.get("values"), list):
        value = {**value, "values": [_known(name, found) for name in value["values"]]}
    return {**section, "model_name": _known(value, found)}


def _known(name: Any, found: dict[str, str]) -> Any:
    spelling = timm_spelling(name) if isinstance(name, str) else None
    if spelling is None:
        return name
    found[name] = spelling
    return spelling
