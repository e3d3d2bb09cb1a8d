"""Range of values of a data set whose pictures have more than 8 bits, from its training pictures.

The range is one for all pictures, so that equal values get equal levels: a class that is brighter
than another one stays brighter.
"""

import math

import numpy as np
import pandas as pd

ValueRange = tuple[float, float]

_MAX_TIMES_USUAL = 8
_SHARE_OF_PICTURES = 0.01


def of_data_set(train: pd.DataFrame) -> ValueRange | None:
    """Range of the values of training pictures; None if none has more than 8 bits.

    Pictures of a single value, and pictures that are far from the others of their class, do not
    count.

    Args:
        train: samples with `label`, and `value_low` and `value_high` as `spread.measure` has them,
            missing for pictures of 8 bits.
    """
    deep = train.dropna(subset=["value_low"])
    varied = deep[deep["value_high"] > deep["value_low"]]
    ranges = [_of_class(part) for _, part in (deep if varied.empty else varied).groupby("label")]
    if not ranges:
        return None
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    if not low < high:
        return low, low + 1
    digits = max(0, 3 - math.floor(math.log10(high - low)))
    return round(low, digits), round(high, digits)


def _of_class(part: pd.DataFrame) -> ValueRange:
    lows, highs = part["value_low"].to_numpy(), part["value_high"].to_numpy()
    usual = np.median(highs - lows)
    away = np.maximum(abs(lows - np.median(lows)), abs(highs - np.median(highs)))
    counts = away <= _MAX_TIMES_USUAL * usual if usual > 0 else np.ones(len(part), bool)
    low = np.quantile(lows[counts], _SHARE_OF_PICTURES)
    high = np.quantile(highs[counts], 1 - _SHARE_OF_PICTURES)
    return float(low), float(high)


def rerendered(samples: pd.DataFrame, value_range: ValueRange) -> pd.DataFrame:
    """Samples with the appearance of deep pictures as the range of the data set shows them.

    Args:
        samples: as `scan` has them, where the appearance of each is measured in its own range.
        value_range: of the data set.
    """
    rows = samples["value_low"].notna()
    if not rows.any():
        return samples
    samples, deep = samples.copy(), samples[rows]
    low, high = value_range
    scale = (deep["value_high"] - deep["value_low"]) / (high - low)
    offset = (deep["value_low"] - low) / (high - low) * 255
    samples.loc[rows, "brightness"] = (offset + scale * deep["brightness"]).clip(0, 255)
    samples.loc[rows, "contrast"] = scale * deep["contrast"]
    samples.loc[rows, "sharpness"] = scale**2 * deep["sharpness"]
    looks = [np.frombuffer(look, np.uint8) for look in deep["fingerprint"]]
    moved = np.stack(looks) * scale.to_numpy()[:, None] + offset.to_numpy()[:, None]
    levels = moved.clip(0, 255).astype(np.uint8)
    samples["fingerprint"] = samples["fingerprint"].astype(object)
    samples.loc[rows, "fingerprint"] = pd.Series([row.tobytes() for row in levels], deep.index)
    return samples
