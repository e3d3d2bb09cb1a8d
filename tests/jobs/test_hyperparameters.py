import pytest
from pydantic import ValidationError

from automl.errors import UserError
from automl.frozen_model import field_help
from automl.jobs import compatibility, hyperparameter_checks, model_catalog
from automl.jobs.compatibility import TrialHyperparameters
from automl.jobs.hyperparameter_metadata import conditions, group
from automl.jobs.hyperparameters import FIELDS, Hyperparameters

REFUSED_FIXED = [
    ({"learning_rate": 5}, "learning_rate"),
    ({"weighted_loss": 7}, "weighted_loss"),
    ({"learning_rate_scheduler": "linear"}, "learning_rate_scheduler"),
    ({"number_of_epochs": 0}, "number_of_epochs"),
    ({"number_of_epochs": 0.5}, "number_of_epochs"),
    ({"model_name": "any/text"}, "not a model we know"),
    ({"grad_accumulation_step": 2}, "grad_accumulation_step"),
    ({"augmentations": "x"}, "augmentations"),
    ({"label_smoothing": 1}, "label_smoothing"),
]

REFUSED_SEARCHED = [
    ({"number_of_epochs": {"type": "uniform", "min_value": 1, "max_value": 5}}, "whole number"),
    ({"number_of_epochs": {"type": "normal", "mu": 5, "sigma": 1}}, "whole number"),
    (
        {"number_of_epochs": {"type": "quniform", "min_value": 1, "max_value": 5, "q": 0.5}},
        "whole number",
    ),
    ({"number_of_epochs": {"type": "choice", "values": [5, 0]}}, "number_of_epochs is 0"),
    ({"optimizer": {"type": "choice", "values": ["rmsprop"]}}, "optimizer is 'rmsprop'"),
    ({"optimizer": {"type": "randint", "upper": 3}}, "use choice"),
    ({"nesterov": {"type": "uniform", "min_value": 0, "max_value": 1}}, "use choice"),
    ({"learning_rate": {"type": "uniform", "min_value": 2, "max_value": 5}}, "learning_rate is 2"),
    ({"learning_rate": {"type": "zipf"}}, "zipf"),
    ({"checkpoint_frequency": 1}, "put it under training_parameters"),
    ({"checkpoint_run_id": "x"}, "put it under training_parameters"),
    ({"advanced_settings": "x"}, "put it under training_parameters"),
    ({"amsgrad": True}, "now called ams_gradient"),
    ({"learning_speed": 0.1}, "learning_speed is not a hyperparameter"),
]

ACCEPTED_SEARCHED = [
    {"number_of_epochs": {"type": "quniform", "min_value": 1, "max_value": 5, "q": 1}},
    {"number_of_epochs": {"type": "qnormal", "mu": 10, "sigma": 2, "q": 1}},
    {"layers_to_freeze": {"type": "randint", "upper": 3}},
    {"learning_rate": {"type": "uniform", "min_value": -1, "max_value": 2}},
    {"learning_rate": {"type": "uniform", "min_value": -10, "max_value": 2}},
    {"learning_rate": 0.1},
    {"learning_rate": {"type": "choice", "values": [0.1, 0.01]}},
    {"learning_rate": {"type": "loguniform", "min_value": -9, "max_value": -2}},
    {"learning_rate": {"type": "quniform", "min_value": 0.1, "max_value": 0.5, "q": 0.1}},
    {"learning_rate": {"type": "normal", "mu": 0.1, "sigma": 0.01}},
    {"learning_rate": {"type": "lognormal", "mu": -4, "sigma": 0.5}},
    {"nesterov": {"type": "choice", "values": [True, False]}},
    {"optimizer": {"type": "choice", "values": ["sgd", "AdamW"]}},
    {"model_name": {"type": "choice", "values": ["resnet18", "vits16r224"]}},
]


def test_unset_values_take_azures_defaults():
    found = compatibility.resolve({})
    assert (found.number_of_epochs, found.training_batch_size, found.learning_rate) == (
        15,
        78,
        0.01,
    )


@pytest.mark.parametrize(
    ("model_name", "batch_size", "learning_rate"),
    [("vits16r224", 128, 0.0125), ("vitb16r224", 48, 0.0125), ("vitl16r224", 10, 0.001)],
)
def test_transformers_have_defaults_of_their_own(model_name, batch_size, learning_rate):
    found = compatibility.resolve({"model_name": model_name})
    assert found.training_batch_size == found.validation_batch_size == batch_size
    assert found.learning_rate == learning_rate


def test_what_was_asked_for_wins_over_the_models_defaults():
    found = compatibility.resolve({"model_name": "vitb16r224", "training_batch_size": 4})
    assert (found.training_batch_size, found.validation_batch_size) == (4, 48)


def test_validation_sizes_follow_the_training_size():
    found = compatibility.resolve({"training_crop_size": 112})
    assert (found.validation_crop_size, found.validation_resize_size) == (112, 128)


def test_a_validation_size_that_was_given_stays():
    found = compatibility.resolve({"training_crop_size": 112, "validation_crop_size": 64})
    assert (found.validation_crop_size, found.validation_resize_size) == (64, 73)


def test_a_picture_is_never_smaller_than_its_crop():
    planned = compatibility.TrialHyperparameters.of({"validation_resize_size": 200})
    assert planned.complete.validation_resize_size == 224
    assert planned.notes() == [
        "validation_resize_size is 200 and counts as 224, as the crop would be larger than the "
        "picture."
    ]


def test_a_transformer_takes_its_own_size_only():
    with pytest.raises(ValueError, match="vitb16r224 takes 224 only"):
        compatibility.resolve({"model_name": "vitb16r224", "training_crop_size": 192})


def test_a_timm_model_of_fixed_size_brings_its_size():
    found = compatibility.resolve({"model_name": "vit_base_patch16_384"})
    assert (found.training_crop_size, found.validation_crop_size) == (384, 384)
    assert found.validation_resize_size == 439


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({}, "second_model_name is not set. Set it to another model than resnet18"),
        ({"second_model_name": "resnet18"}, "second_model_name is resnet18"),
        ({"second_model_name": "vitb16r224", "training_crop_size": 192}, "vitb16r224 takes 224"),
        ({"second_model_name": "resnet34", "checkpoint_run_id": "a/b"}, "checkpoint_run_id"),
        ({"third_model_name": "resnet34"}, "second_model_name is not set"),
        (
            {"second_model_name": "resnet34", "third_model_name": "resnet34"},
            "third_model_name is resnet34. Set it to another model than resnet18 and resnet34",
        ),
    ],
)
def test_networks_side_by_side_must_be_different_and_take_the_same_pictures(asked, refusal):
    with pytest.raises(ValueError, match=refusal):
        compatibility.resolve({"method": "concatenated_probe", **asked})


@pytest.mark.parametrize("look", ["mirrored_features", "stage_features"])
def test_a_model_that_sees_more_of_a_picture_starts_from_no_other(look):
    asked = {look: True, "checkpoint_run_id": "a/b"}
    with pytest.raises(ValueError, match=f"{look} is on, but checkpoint_run_id"):
        compatibility.resolve({"method": "linear_probe", **asked})
    resolved = compatibility.resolve(asked)
    assert not resolved.is_mirrored
    assert not resolved.has_stages  # fine-tuning has no use for it


def test_a_running_mean_that_never_changes_is_refused():
    with pytest.raises(ValueError, match="beta1 is 1"):
        compatibility.resolve({"optimizer": "adam", "beta1": 1})


@pytest.mark.parametrize(
    ("asked", "notes"),
    [
        ({"optimizer": "adam", "momentum": 0.8}, ["momentum has no effect: optimizer is adam."]),
        ({"beta1": 0.8, "ams_gradient": True}, ["beta1", "ams_gradient"]),
        ({"momentum": 0, "nesterov": True}, ["nesterov has no effect: momentum is 0."]),
        ({"learning_rate_scheduler": "step", "warmup_cosine_lr_cycles": 0.5}, ["warmup_cosine"]),
        ({"step_lr_gamma": 0.5}, ["learning_rate_scheduler is warmup_cosine"]),
        ({"early_stopping": False, "early_stopping_delay": 2}, ["early_stopping is off"]),
        ({"model_ema_decay": 0.9}, ["model_ema is off"]),
        ({"augmentation": "none", "vertical_flip": True}, ["augmentation is none"]),
        ({"augmentation": "none", "mixup": 0.2}, []),
        ({"method": "linear_probe", "momentum": 0.8}, ["method is linear_probe"]),
        ({"method": "linear_probe", "training_crop_size": 64, "random_seed": 3}, []),
        ({"number_of_epochs": 2}, ["the learning rate rises until the end"]),
        ({"optimizer": "adam", "beta1": 0.8, "weight_decay": 0.1}, []),
    ],
)
def test_what_has_no_effect_beside_the_rest_is_said(asked, notes):
    said = compatibility.notes(frozenset(asked), compatibility.resolve(asked))
    assert len(said) == len(notes)
    for sentence, words in zip(said, notes, strict=True):
        assert words in sentence


def test_keys_without_effect_are_accepted_and_left_out():
    asked = hyperparameter_checks.check_fixed({"number_of_workers": 4, "distributed": False})
    assert asked == {"number_of_workers": 4, "distributed": False}
    assert compatibility.resolve(asked) == Hyperparameters()


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({"early_stopping": 1}, True),
        ({"optimizer": "SGD"}, "sgd"),
        ({"optimizer": "None"}, "sgd"),
        ({"learning_rate_scheduler": "Warmup_Cosine"}, "warmup_cosine"),
        ({"learning_rate": "1e-4"}, 1e-4),
        ({"weighted_loss": 2}, 2),
        ({"layers_to_freeze": 0}, 0),
    ],
)
def test_fixed_values_are_accepted_and_typed(given, typed):
    (value,) = hyperparameter_checks.check_fixed(given).values()
    assert value == typed
    assert type(value) is type(typed)


@pytest.mark.parametrize(("given", "words"), REFUSED_FIXED)
def test_fixed_values_out_of_range_are_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        hyperparameter_checks.check_fixed(given)


@pytest.mark.parametrize("given", ACCEPTED_SEARCHED)
def test_distributions_that_fit_the_hyperparameter_are_accepted(given):
    (sub_space,) = hyperparameter_checks.check_search_space([given])
    assert list(sub_space) == list(given)


@pytest.mark.parametrize(("given", "words"), REFUSED_SEARCHED)
def test_distributions_that_do_not_fit_are_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        hyperparameter_checks.check_search_space([given])


def test_every_problem_of_a_search_space_is_reported_with_its_place():
    with pytest.raises(ValidationError) as caught:
        hyperparameter_checks.check_search_space([{"speed": 1}, {"optimizer": "x", "momentum": 3}])
    places = [problem["loc"] for problem in caught.value.errors()]
    assert places == [(0, "speed"), (1, "optimizer"), (1, "momentum")]


def test_the_hyperparameters_of_a_trial_cross_a_process_boundary_unchanged():
    planned = TrialHyperparameters.of(
        {"model_name": "vit_tiny", "learning_rate": 1, "nesterov": False, "number_of_workers": 4}
    )
    text = planned.model_dump_json()
    assert TrialHyperparameters.model_validate_json(text) == planned
    assert planned.complete.training_batch_size == 78
    assert type(planned.requested["learning_rate"]) is int
    assert planned.requested_names == {
        "model_name",
        "learning_rate",
        "nesterov",
        "number_of_workers",
    }


def test_only_what_was_requested_is_noted():
    planned = TrialHyperparameters.of({"optimizer": "adamw", "momentum": 0.5})
    assert planned.notes() == ["momentum has no effect: optimizer is adamw."]
    assert TrialHyperparameters.of({"optimizer": "adamw"}).notes() == []


def test_every_hyperparameter_has_a_description_and_a_group():
    for name, field in FIELDS.items():
        assert field_help(Hyperparameters, name), name
        assert group(field), name
        for condition in conditions(field):
            assert condition.name in FIELDS, name


def test_the_help_counts_the_models_of_the_catalogue():
    assert f"One of the {len(model_catalog.MODELS)} built-in" in FIELDS["model_name"].description


def test_more_blocks_to_freeze_than_the_model_has_are_refused_before_the_start():
    assert TrialHyperparameters.of({"model_name": "vitb16r224", "layers_to_freeze": 13})
    with pytest.raises(UserError, match="layers_to_freeze is 6, but resnet18 has 5 blocks"):
        TrialHyperparameters.of({"layers_to_freeze": 6})
