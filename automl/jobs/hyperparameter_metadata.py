"""Metadata of a hyperparameter: its group, when it has an effect, and whether it can be searched.

A field of `Hyperparameters` carries all of it in its annotation:

    momentum: Annotated[float, Group.OPTIMIZER, only_with("optimizer", "sgd")] = 0.9

The form, the notes of a job and the list of settings in effect read it from there.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from pydantic.fields import FieldInfo


class Group(StrEnum):
    """Tab of the form that shows the hyperparameter; the tabs have this order."""

    TRAINING = "Training"
    AUGMENTATION = "Augmentation"
    OPTIMIZER = "Optimizer"
    LEARNING_RATE = "Learning rate"
    EARLY_STOPPING = "Early stopping"
    PICTURES = "Pictures"
    COMPUTING = "Computing"


class Trait(Enum):
    """Property of a hyperparameter that most do not have."""

    EFFECTIVE_WITHOUT_TRAINING = "effective without training"
    """It also has an effect with a method that does not train the model."""

    NOT_SEARCHABLE = "not searchable"
    """Azure allows it under `training_parameters` only."""


@dataclass(frozen=True)
class Condition:
    """Value of another hyperparameter without which this one has no effect."""

    name: str
    """The other hyperparameter."""

    values: tuple[Any, ...]
    is_excluding: bool = False
    """The other one must have none of `values`, instead of one of them."""

    def holds(self, value: Any) -> bool:
        """Return True if the condition is met when the other hyperparameter is `value`."""
        return (value in self.values) != self.is_excluding

    @property
    def allowed(self) -> str:
        """Allowed values of the other hyperparameter, in words."""
        words = " or ".join(in_words(value) for value in self.values)
        return f"not {words}" if self.is_excluding else words


def only_with(name: str, *values: Any) -> Condition:
    """The hyperparameter has an effect only if the one called `name` has one of the values."""
    return Condition(name, values)


def unless(name: str, *values: Any) -> Condition:
    """The hyperparameter has no effect if the one called `name` has one of the values."""
    return Condition(name, values, is_excluding=True)


TRAINED = only_with("method", "fine_tuning")
"""Condition of every hyperparameter that is not effective without training."""


def in_words(value: Any) -> str:
    """Value of a hyperparameter in a sentence: `on` for True, `off` for False."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def group(field: FieldInfo) -> Group:
    """Group of a hyperparameter; every hyperparameter has one."""
    return next(item for item in field.metadata if isinstance(item, Group))


def has_trait(field: FieldInfo, trait: Trait) -> bool:
    """Return True if the field of a hyperparameter is annotated with the trait."""
    return trait in field.metadata


def conditions(field: FieldInfo) -> list[Condition]:
    """Conditions under which a hyperparameter has an effect; all of them must hold."""
    own = [item for item in field.metadata if isinstance(item, Condition)]
    return own if has_trait(field, Trait.EFFECTIVE_WITHOUT_TRAINING) else [TRAINED, *own]
