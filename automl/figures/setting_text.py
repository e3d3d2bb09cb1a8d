"""Values of hyperparameters, as asked for and as in effect, in the language of the reader."""

from automl.texts import _, again, mark

_STEPS = (
    mark("centre crop {size} px, as it is scored"),
    mark("random crop {size} px, scale {least} to {most}, ratio {narrow} to {wide}"),
    mark("mirrored, share {share}"),
    mark("upside down, share {share}"),
    mark("brightness and contrast, up to {share}"),
)
"""Texts of `training/augmentation.py`, which exported programs copy and so has none of ours."""

_WORDS = (mark("nothing"), mark("kept"))
"""Values in effect that are no names of options, which stay as they are."""


def of_value(value: object) -> str:
    """`0.001`, `yes`; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return "; ".join(map(of_value, value))
    if isinstance(value, str):
        return again(value) if " " in value or value in _WORDS else value
    return f"{value:.4g}" if isinstance(value, float) else str(value)
