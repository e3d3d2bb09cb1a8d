"""Ranges from which training crops and colours are drawn.

A copy of this file travels with exported training code.
"""

CROP_SCALE = (0.35, 1.0)
"""Share of the picture's area that a crop keeps, unless `crop_scale_min` says otherwise; the usual
0.08 of ImageNet would cut off small objects."""

CROP_RATIO = (3 / 4, 4 / 3)
"""Width / height of a crop."""

COLOUR_STRENGTH = 0.2
"""Largest relative change of brightness and of contrast, unless `colour_jitter` says otherwise."""
