"""AutoMode: what to try when the user says only how much. A documented list, no magic.

The list depends on the machine's budget class and on the size of the pictures; models come in
the order of how much they are expected to give for their time. See docs/automode.md.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

BudgetClass = Literal["cpu", "gpu"]

_SMALL_PICTURE = 48
"""Short side in pixels up to which pictures count as small, like digits and icons."""

_FINE_TUNING = {"optimizer": "adamw", "weight_decay": 0.05, "label_smoothing": 0.1}
_FROM_SCRATCH = {"optimizer": "adamw", "weight_decay": 0.05}


def portfolio(
    *,
    budget_class: BudgetClass,
    median_side: int,
    num_trials: int,
    has_weights: Callable[[str], bool],
) -> list[dict[str, Any]]:
    """Hyperparameters of each trial, the most promising first.

    Args:
        budget_class: what the trials run on.
        median_side: median short side of the pictures in pixels.
        num_trials: length of the list.
        has_weights: whether pretrained weights of a model can be had; those models go first,
            since starting from them gives more than anything else that can be chosen.
    """
    if median_side <= _SMALL_PICTURE:
        trials = list(_small_pictures(num_trials))
    else:
        trials = list(_photos(budget_class, num_trials, has_weights))
    return trials[:num_trials]


def _small_pictures(num_trials: int) -> Iterator[dict[str, Any]]:
    """ImageNet weights say little about pictures of this size: small networks from scratch."""
    rates = (2e-3, 1e-3, 4e-3, 5e-4)
    models = ("resnet10t", "resnet18", "resnet14t")
    for index in range(num_trials):
        yield {
            **_FROM_SCRATCH,
            "model_name": models[index % len(models)],
            "pretrained": "never",
            "learning_rate": rates[index // len(models) % len(rates)],
            "number_of_epochs": 12 + 6 * (index // len(models)),
            "training_batch_size": 64,
            "validation_batch_size": 256,
            "training_crop_size": 32,
            "validation_resize_size": 32,
            # small pictures are mostly digits, letters and icons, which have a left and a right
            "horizontal_flip": False,
            "random_seed": index,
        }


def _photos(
    budget_class: BudgetClass, num_trials: int, has_weights: Callable[[str], bool]
) -> Iterator[dict[str, Any]]:
    """Fine-tune where there are weights, light models first on a CPU."""
    cpu = ("mobilenetv1_100", "mobilenetv2", "mobilenetv3_large_100", "resnet18", "efficientnet_b0")
    gpu = ("convnext_tiny", "resnet50", "vits16r224", "efficientnet_b0", "mobilenetv2")
    models = sorted(cpu if budget_class == "cpu" else gpu, key=lambda name: not has_weights(name))
    size = 160 if budget_class == "cpu" else 224
    for index in range(num_trials):
        name = models[index % len(models)]
        cycle = index // len(models)
        pretrained = has_weights(name)
        rate = (5e-4, 1e-3, 2e-4)[cycle % 3] if pretrained else (1e-3, 2e-3, 5e-4)[cycle % 3]
        yield {
            **(_FINE_TUNING if pretrained else _FROM_SCRATCH),
            "model_name": name,
            "learning_rate": rate,
            "number_of_epochs": (8 if pretrained else 20) + 4 * cycle,
            "warmup_cosine_lr_warmup_epochs": 1,
            "training_batch_size": 32,
            "validation_batch_size": 64,
            "training_crop_size": 224 if name == "vits16r224" else size,
            "random_seed": index,
        }
