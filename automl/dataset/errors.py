"""The one error of this package."""


class DataError(ValueError):
    """What is wrong with the user's data and what to do, in one or two sentences."""
