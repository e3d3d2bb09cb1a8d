"""Every hyperparameter is in effect on the live objects."""

from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import nn

from automl.jobs import model_catalog
from automl.jobs.compatibility import resolve
from automl.jobs.hyperparameters import Hyperparameters
from automl.model import blocks
from automl.model.building import build
from automl.training import effective
from automl.training.batches import plan_batches
from automl.training.recipe import Recipe, make_optimizer
from automl.training.trial_data import TrialData
from tests.small_training import TINY
from tests.training.test_trial_training import run, train

FIRST_BLOCKS = {  # number of blocks, and what the first two of them hold
    "mobilenetv2_100": (19, ["conv_stem", "bn1"], ["blocks.0.0"]),
    "resnet18": (5, ["conv1", "bn1"], ["layer1"]),
    "resnest50d": (5, ["conv1", "bn1"], ["layer1"]),
    "legacy_seresnext50_32x4d": (5, ["layer0"], ["layer1"]),
}


def on_meta(name: str, **options: Any) -> nn.Module:
    """The model without memory for its weights."""
    with torch.device("meta"):
        network: nn.Module = timm.create_model(name, num_classes=3, exportable=True, **options)
    return network


@pytest.mark.parametrize("name", FIRST_BLOCKS)
def test_blocks_are_those_of_the_documentation(name: str) -> None:
    count, *first = FIRST_BLOCKS[name]
    found = blocks.parameter_names(on_meta(name), name)
    assert len(found) == count
    for block, prefixes in zip(found, first, strict=False):
        assert all(parameter.startswith(tuple(prefixes)) for parameter in block)


def test_the_blocks_of_a_transformer_are_its_patches_and_its_layers() -> None:
    name = "vit_small_patch16_224"
    first, *rest = blocks.parameter_names(on_meta(name, img_size=32), name)
    assert set(first) >= {"patch_embed.proj.weight", "pos_embed"}
    assert [block[0].split(".norm1")[0] for block in rest[:12]] == [
        f"blocks.{index}" for index in range(12)
    ]


def test_the_last_layer_is_never_frozen() -> None:
    for model in ("mobilenetv2", "resnet18", "seresnext", "vit_tiny", "convnext_atto"):
        name = model_catalog.timm_name(model).partition(".")[0]
        network = on_meta(name)
        found = blocks.parameter_names(network, name)
        frozen = set(blocks.freeze(network, name, len(found)))
        left = [p for n, p in network.named_parameters() if n not in frozen]
        assert {id(p) for p in left} == {id(p) for p in blocks.last_layer(network).parameters()}


def test_the_statistics_of_frozen_batch_norms_stay(tiny_data: TrialData) -> None:
    training = train(tiny_data, layers_to_freeze=2, number_of_epochs=1)
    norms = {
        n: m for n, m in training.built.network.named_modules() if isinstance(m, nn.BatchNorm2d)
    }
    before = {name: norm.running_mean.clone() for name, norm in norms.items()}
    run(training)
    same = {name for name, norm in norms.items() if norm.running_mean.equal(before[name])}
    assert same == {name for name in norms if name.startswith(("conv1", "bn1", "layer1"))}
    assert effective.read_back(training)["frozen"].startswith(
        "15 tensors, conv1.0.weight to layer1"
    )


def test_layer_decay_lowers_the_rate_towards_the_input() -> None:
    asked = resolve({**TINY, "layer_decay": 0.5, "learning_rate": 0.01})
    network = build(asked, ["a", "b"]).network
    optimizer = make_optimizer(network, Recipe.read(asked))
    rates = {
        id(parameter): group["lr"]
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    by_block = [
        {rates[id(network.get_parameter(name))] for name in block}
        for block in blocks.parameter_names(network, "test_resnet")
    ]
    assert all(len(found) == 1 for found in by_block)
    ordered = [found.pop() for found in by_block]
    assert ordered == sorted(ordered)
    assert len(set(ordered)) == len(ordered)
    assert ordered[1] / ordered[0] == pytest.approx(2)
    assert rates[id(network.get_parameter("fc.weight"))] == pytest.approx(0.01)


def test_weight_decay_leaves_biases_and_norms_alone() -> None:
    asked = resolve({**TINY, "weight_decay": 0.05})
    network = build(asked, ["a", "b"]).network
    decays = {
        id(parameter): group["weight_decay"]
        for group in make_optimizer(network, Recipe.read(asked)).param_groups
        for parameter in group["params"]
    }
    for parameter in network.parameters():
        assert decays[id(parameter)] == (0.05 if parameter.ndim > 1 else 0)


def test_the_mean_of_the_weights_is_what_is_scored(tiny_data: TrialData) -> None:
    training = train(tiny_data, model_ema=True, number_of_epochs=2)
    run(training)
    weight = "network.fc.weight"
    mean, last = (
        n.state_dict()[weight] for n in (training.learner.scored_network, training.learner.network)
    )
    assert not mean.equal(last)
    answers = training.predict().probabilities
    with torch.no_grad():
        training.learner.network.get_parameter(weight).zero_()
    assert np.array_equal(training.predict().probabilities, answers)


def test_leaving_out_branches_is_done_or_declined_and_said() -> None:
    def built(name: str) -> Any:
        asked = Hyperparameters(model_name=name, pretrained="never", drop_path_rate=0.2)
        return build(asked, ["a", "b"])

    with_it = built("resnet10t")
    assert any(getattr(m, "drop_prob", 0) for m in with_it.network.modules())
    without = built("seresnext")
    assert "drop_path_rate has no effect: seresnext does not support it." in without.notes


def test_the_last_update_of_an_epoch_may_have_fewer_batches(tiny_data: TrialData) -> None:
    training = train(tiny_data, gradient_accumulation_step=2, number_of_epochs=1)
    assert (training.learner.num_batches, training.learner.updates_per_epoch) == (3, 2)
    run(training)
    assert training.learner.schedule.last_epoch == 2
    assert all(p.grad is None for p in training.learner.network.parameters())


@pytest.mark.parametrize(
    ("num_images", "asked", "planned"),
    [
        (107, 78, (2, 53)),
        (48, 16, (3, 16)),
        (48, 500, (1, 48)),
        (1000, 64, (15, 64)),
        (1, 8, (1, 1)),
    ],
)
def test_batches_leave_out_few_pictures(
    num_images: int, asked: int, planned: tuple[int, int]
) -> None:
    assert plan_batches(num_images, asked) == planned


def test_the_rate_is_said_at_three_updates(tiny_data: TrialData) -> None:
    asked = {"learning_rate_scheduler": "step", "step_lr_step_size": 1, "step_lr_gamma": 0.1}
    found = effective.read_back(train(tiny_data, learning_rate=0.01, **asked))
    rates = [found[f"learning_rate_{when}"] for when in ("first", "middle", "last")]
    assert rates == pytest.approx([0.01, 0.001, 0.0001])


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_every_precision_trains_and_scores_in_full(tiny_data: TrialData, precision: str) -> None:
    training = train(tiny_data, precision=precision, number_of_epochs=1)
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}
    layer = training.built.network.get_submodule("layer1")
    layer.register_forward_hook(lambda layer, _, out: seen[layer.training].add(out.dtype))
    assert np.isfinite(run(training)).all()
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert seen == {True: {dtype}, False: {torch.float32}}
    assert training.learner.scaler.is_enabled() == (precision == "fp16")


def test_an_evaluation_says_what_it_cost(tiny_data: TrialData) -> None:
    evaluation, _ = train(tiny_data).advance()
    assert evaluation.peak_memory_bytes > 100e6
    assert evaluation.images_per_second == pytest.approx(48 / evaluation.train_seconds)
    assert evaluation.train_seconds > 0 < evaluation.evaluation_seconds
