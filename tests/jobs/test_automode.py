import itertools
import operator
from typing import Any

import pytest

from automl.jobs import automode
from automl.jobs.automode import Situation
from automl.jobs.compatibility import resolve
from automl.jobs.distributions import DISTRIBUTIONS
from automl.jobs.hyperparameter_checks import check_search_space
from automl.jobs.hyperparameters import networks_of
from automl.jobs.picture_sizes import Sizes


def situation(*, side: int = 300, weights: tuple[str, ...] = (), **keys: Any) -> Situation:
    given: dict[str, Any] = {"budget_class": "cpu", **keys}
    return Situation(median_side=side, has_weights=weights.__contains__, **given)


WEIGHTS = ("mobilenetv1_100", "mobilenetv2", "resnet50")
SITUATIONS = [
    situation(),
    situation(weights=WEIGHTS),
    situation(side=28, weights=WEIGHTS),
    situation(side=28),
    situation(budget_class="gpu", weights=WEIGHTS),
    situation(pretrained_sizes=Sizes(160, 160), weights=WEIGHTS),
    situation(pretrained_sizes=Sizes(224, 96, probes_first=True), weights=WEIGHTS),
]


@pytest.mark.parametrize("given", SITUATIONS)
@pytest.mark.parametrize("num_trials", [2, 3, 4, 7, 50])
def test_every_recipe_can_be_trained_and_baselines_are_at_most_half(given, num_trials):
    plan = automode.plan(given, num_trials)
    assert 1 <= len(plan.opening) <= num_trials
    resolved = [resolve(recipe.values) for recipe in plan.opening]
    # those with further features have places of their own
    looks = [one.is_mirrored or one.has_stages for one in resolved]
    frozen = [one.method != "fine_tuning" for one in resolved]
    baselines = list(itertools.compress(resolved, map(operator.gt, frozen, looks)))
    assert 1 <= len(baselines) <= num_trials // 2
    assert resolved[0] in baselines
    assert len({one.model_dump_json() for one in resolved}) == len(resolved)


@pytest.mark.parametrize("given", SITUATIONS)
def test_every_recipe_is_a_point_of_the_space_it_is_said_to_be(given):
    plan = automode.plan(given, 50)
    for recipe in plan.opening:
        if recipe.sub_space is None:
            continue
        sub_space = plan.space[recipe.sub_space]
        assert set(sub_space) == set(recipe.values)
        for name, value in sub_space.items():
            if isinstance(value, DISTRIBUTIONS):
                low, high = value.examples()[0], value.examples()[-1]
                drawn = recipe.values[name]
                assert drawn in value.examples() or low <= drawn <= high
            else:
                assert recipe.values[name] == value


@pytest.mark.parametrize("given", SITUATIONS)
def test_the_space_is_one_that_a_job_may_have(given):
    space = automode.plan(given, 50).space
    as_written = [
        {
            name: value.model_dump() if isinstance(value, DISTRIBUTIONS) else value
            for name, value in sub_space.items()
        }
        for sub_space in space
    ]
    assert check_search_space(as_written) == space


def test_the_baselines_are_a_probe_first_then_the_majority_the_neighbours_and_another_probe():
    plan = automode.plan(situation(weights=WEIGHTS), 20)
    assert [
        (recipe.values["method"], recipe.values["model_name"]) for recipe in plan.opening[:4]
    ] == [
        ("linear_probe", "mobilenetv1_100"),
        ("majority_class", "mobilenetv1_100"),
        ("k_nearest_neighbours", "mobilenetv1_100"),
        ("linear_probe", "mobilenetv2"),
    ]
    assert {recipe.values["training_crop_size"] for recipe in plan.opening} == {224}


@pytest.mark.parametrize(("pictures", "is_tried"), [(5, True), (6, False)])
def test_class_means_are_tried_where_a_class_has_a_few_pictures(pictures, is_tried):
    given = situation(weights=WEIGHTS, pictures_per_class=pictures)
    for num_trials in (6, 50):
        opening = automode.plan(given, num_trials).opening
        methods = [recipe.values.get("method") for recipe in opening]
        assert ("prototypes" in methods) is is_tried
        assert ("k_nearest_neighbours" in methods) is not is_tried
        assert methods[0] == "linear_probe"


@pytest.mark.parametrize(("pictures", "size"), [(40, 8), (1599, 8), (1600, 16), (3200, 32)])
def test_few_pictures_are_trained_in_small_batches(pictures, size):
    plan = automode.plan(situation(weights=WEIGHTS, num_pictures=pictures), 50)
    trained = [one.values for one in plan.opening if "method" not in one.values]
    assert {values["training_batch_size"] for values in (*trained, *plan.space)} == {size}


THREE = ("efficientnet_lite0", *WEIGHTS)


def test_the_last_baseline_joins_two_networks_where_there_are_places_for_their_probes():
    def joined(num_trials, weights):
        opening = automode.plan(situation(weights=weights), num_trials).opening
        baselines = [recipe.values for recipe in opening if "method" in recipe.values]
        plain = [one for one in baselines if not one.get("stage_features")]
        return [networks_of(one) for one in plain if one["method"] == "concatenated_probe"]

    pair = list(WEIGHTS[:2])
    assert joined(8, WEIGHTS) == joined(50, WEIGHTS[:2]) == [pair]
    assert joined(7, WEIGHTS) == joined(50, WEIGHTS[:1]) == []
    assert joined(50, THREE) == [["efficientnet_lite0", *pair[:1]], ["efficientnet_lite0", *pair]]
    assert joined(15, THREE) == joined(50, THREE)[:1]


@pytest.mark.parametrize(
    ("num_trials", "weights", "is_tried"),
    [(50, WEIGHTS, True), (50, WEIGHTS[:1], True), (8, WEIGHTS, False), (50, (), False)],
)
def test_stages_are_tried_before_and_mirror_images_after_the_first_training(
    num_trials, weights, is_tried
):
    opening = [one.values for one in automode.plan(situation(weights=weights), num_trials).opening]
    first = next(i for i, values in enumerate(opening) if "method" not in values)
    places = {"stage_features": first - 1, "mirrored_features": first + 1}
    for look, place in places.items():
        found = [bool(values.get(look)) for values in opening]
        assert found == [i == place and is_tried for i in range(len(opening))]
    if is_tried:  # with the features of the probe before it
        assert networks_of(opening[first - 1]) == networks_of(opening[first - 2])


def test_three_networks_are_tried_after_the_first_training_and_the_probe_of_the_third():
    opening = [recipe.values for recipe in automode.plan(situation(weights=THREE), 50).opening]
    first = next(i for i, values in enumerate(opening) if "method" not in values)
    probe, joined, staged, mirrored = opening[first + 1 : first + 5]
    assert (probe["method"], probe["model_name"]) == ("linear_probe", "mobilenetv2")
    assert networks_of(joined) == ["efficientnet_lite0", "mobilenetv1_100", "mobilenetv2"]
    assert staged == {**joined, "stage_features": True}
    assert mirrored["mirrored_features"]
    names = ("convnext_tiny", "resnet50", "dinov3_small", "siglip2_base")
    given = situation(budget_class="gpu", weights=names)
    joined = automode.plan(given, 50).opening[-4].values  # where their probes came before
    assert networks_of(joined) == ["convnext_tiny", "dinov3_small", "siglip2_base"]


def test_models_with_weights_are_fine_tuned_from_a_probe():
    opening = automode.plan(situation(weights=WEIGHTS), 20).opening
    tuned = [recipe.values for recipe in opening if recipe.values.get("method") is None]
    assert [one["model_name"] for one in tuned] == ["mobilenetv1_100", "mobilenetv2"]
    assert {one["head_init"] for one in tuned} == {"linear_probe"}


@pytest.mark.parametrize(
    ("side", "sides"),
    [(8, (96,)), (28, (128, 96)), (32, (160, 128, 96)), (60, (224, 192, 160, 128, 96))],
)
def test_pretrained_networks_see_pictures_at_most_five_times_as_large(side, sides):
    given = situation(side=side, weights=WEIGHTS, pretrained_sizes=Sizes(224, 224))
    assert given.sides == sides
    plan = automode.plan(given, 8)
    seen = {one.values["training_crop_size"] for one in plan.opening if "method" in one.values}
    assert seen == {sides[0]}


def test_small_pictures_are_tried_from_scratch_after_all_probes_and_not_mirrored():
    opening = automode.plan(situation(side=28, weights=WEIGHTS), 20).opening
    methods = [recipe.values.get("method") for recipe in opening]
    trained = [recipe.values for recipe in opening[methods.index(None) :]]
    assert [
        (one.get("method"), one["model_name"], one["training_crop_size"]) for one in trained
    ] == [
        (None, "resnet10t", 32),
        (None, "mobilenetv1_100", 96),
        (None, "mobilenetv2", 96),
        (None, "resnet18", 32),
        (None, "resnet14t", 32),
    ]
    assert not any(one["horizontal_flip"] for one in trained)


def test_frozen_networks_of_every_kind_are_tried_where_there_are_weights():
    names = ("convnext_tiny", "resnet50", "dinov3_small", "siglip2_base")
    opening = automode.plan(situation(budget_class="gpu", weights=names), 20).opening
    probes = [r.values["model_name"] for r in opening if r.values.get("method") == "linear_probe"]
    assert probes[:4] == ["convnext_tiny", "dinov3_small", "siglip2_base", "resnet50"]
    tuned = [r.values["model_name"] for r in opening if r.values.get("method") is None]
    assert tuned == ["convnext_tiny", "resnet50"]


@pytest.mark.parametrize(
    ("budget_class", "here", "num_trials", "looked_up"),
    [
        ("gpu", (), 6, "convnext_tiny tiny_vit_21m hgnetv2_b2"),
        ("gpu", (), 20, "convnext_tiny tiny_vit_21m hgnetv2_b2 dinov2_small siglip2_base"),
        ("cpu", (), 20, "efficientnet_lite0 hgnetv2_b1 mobilenetv3_large_100"),
        (
            *("cpu", ("dinov3_small",), 20),
            "efficientnet_lite0 hgnetv2_b1 mobilenetv3_large_100 dinov3_small",
        ),
    ],
)
def test_weights_are_looked_up_only_of_networks_that_are_used(
    budget_class, here, num_trials, looked_up
):
    asked: list[str] = []

    def has_weights(name: str) -> bool:
        asked.append(name)
        return True

    automode.plan(Situation(budget_class, 300, has_weights, is_here=here.__contains__), num_trials)
    assert list(dict.fromkeys(asked)) == looked_up.split()


def test_networks_get_sizes_that_their_patches_divide():
    at_192 = situation(
        budget_class="gpu", pretrained_sizes=Sizes(192, 192), weights=("resnet50", "dinov2_small")
    )
    assert at_192.frozen(4) == ["resnet50"]
