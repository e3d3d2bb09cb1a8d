"""A map of pictures in two dimensions, as it is stored and drawn."""

from automl.frozen_model import FrozenModel


class PictureMap(FrozenModel):
    """Places of pictures; pictures that a network finds alike are near each other."""

    model_name: str
    side: int
    """Side of the pictures in pixels."""

    num_left_out: int
    """Pictures of the data that have no place: of many only a random choice has one."""

    paths: list[str]
    x: list[float]
    y: list[float]
