"""Pictures that are another one turned by 90, 180 or 270 degrees, mirrored, or both.

Turning and mirroring exchange the strengths of the frequencies u, v and v, u of the discrete cosine
transform and change their signs. Sums and differences of the two absolute strengths stay as they
are, and their bits are the hash by which candidates are found, as near duplicates are.
"""

import itertools
import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset import near_duplicates
from automl.dataset.near_duplicates import Looks
from automl.dataset.pictures import COLOUR_SIDE, GREY_SIDE
from automl.dataset.split import TURNED

_NUM_ORDERS = 6  # hashes of exact copies hardly differ
_MAX_DIFFERENCE = 3
"""Grey levels, where there is little detail: many drawings look alike the other way round."""


def groups(samples: pd.DataFrame, known: Looks | None = None) -> pd.Series:
    """Number the groups of pictures that are the same or nearly, of which some are turned.

    Args:
        samples: as `scan` has them, with `near_duplicate_group`.
        known: their looks, see `near_duplicates.looks`, if these are known already.

    Returns:
        Group (Int64) of the pictures; missing for those that no other picture is when turned.
    """
    looks = known or near_duplicates.looks(samples)
    distinct = samples.drop_duplicates("content_hash").set_index("content_hash")
    near = distinct["near_duplicate_group"].reindex(looks.contents)
    upright = np.arange(len(near))  # the least member of each group of near duplicates
    has_group = near.notna().to_numpy()
    numbers = near[has_group].to_numpy("int64")
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    upright[has_group] = np.flatnonzero(has_group)[first[inverse]]
    root = near_duplicates.joined(
        _hashes(looks.fingerprints),
        upright,
        lambda one, two: _are_turned(looks, one, two),
        num_orders=_NUM_ORDERS,
    )
    found = pd.Series(root, index=looks.contents).astype("Int64")
    has_turned = pd.Series(upright, index=looks.contents).groupby(root).transform("nunique") > 1
    return samples["content_hash"].map(found[has_turned]).astype("Int64")


def of_one_label(samples: pd.DataFrame) -> pd.Series:
    """Text that is the same for turned copies with one label; missing for all other pictures.

    A 6 is a 9 the other way round: with another label it is no copy of it.

    Args:
        samples: with the column of `groups`.
    """
    return samples[TURNED].astype("str") + " " + samples["label"]


def _hashes(fingerprints: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N,) the same for each way to turn a picture, but for a few bits."""
    strengths = np.abs(near_duplicates.low_frequencies(fingerprints))
    sides = np.arange(8)
    strengths *= np.hypot(sides[:, None], sides)  # high frequencies are weak in all pictures
    across = strengths.transpose(0, 2, 1)
    above, below = np.triu_indices(8, 1), np.triu_indices(8)
    sums = (strengths + across)[:, *below][:, 1:]  # the first is the brightness
    differences = np.abs(strengths - across)[:, *above]
    bits = [part > np.median(part, axis=1, keepdims=True) for part in (sums, differences)]
    missing = np.zeros((len(strengths), 1), bool)  # 35 and 28 make 63
    packed = np.packbits(np.concatenate([*bits, missing], axis=1), axis=1)
    return np.ascontiguousarray(packed).view(np.uint64).ravel()


def _are_turned(
    looks: Looks, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(E,) True for pairs of which the second turned in some way is the first."""
    found = np.zeros(len(first), bool)
    for quarters, is_mirrored in itertools.islice(
        itertools.product(range(4), (False, True)), 1, None
    ):
        rest = np.flatnonzero(~found)
        turned = _turned(looks.fingerprints[second[rest]], quarters, is_mirrored=is_mirrored)
        detailed = looks.are_detailed[first[rest]] & looks.are_detailed[second[rest]]
        upright = looks.fingerprints[first[rest]]
        found[rest] = near_duplicates.alike(upright, turned, detailed, _MAX_DIFFERENCE)
    return found


def _turned(
    fingerprints: NDArray[np.uint8], quarters: int, *, is_mirrored: bool
) -> NDArray[np.uint8]:
    """(N, 304) fingerprints of the turned and mirrored pictures."""
    split = GREY_SIDE**2
    grey = fingerprints[:, :split].reshape(-1, GREY_SIDE, GREY_SIDE)
    colours = fingerprints[:, split:].reshape(-1, COLOUR_SIDE, COLOUR_SIDE, 3)
    parts = []
    for part in (grey, colours):
        turned = np.rot90(part, quarters, axes=(1, 2))
        turned = turned[:, :, ::-1] if is_mirrored else turned
        parts.append(turned.reshape(len(fingerprints), math.prod(part.shape[1:])))
    return np.concatenate(parts, axis=1)
