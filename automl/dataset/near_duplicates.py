"""Pictures that are nearly the same: encoded again, resized, cropped a little, brightened.

Candidates have perceptual hashes that differ in few bits (the hash is that of imagehash's `phash`,
<https://github.com/JohannesBuchner/imagehash>, on 16 x 16 instead of 32 x 32 grey values). They
are found without comparing everything with everything: the hashes are sorted several times, with
their bits in another order each time, and only neighbours are looked at (Charikar, 2002). That
takes time and memory in proportion to the number of pictures, however alike they are.

A candidate counts once the fingerprints agree as well. A hash alone takes one handwritten 1 for
another, or a cup for a jar on the same table.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset.pictures import COLOUR_SIDE, FINGERPRINT_BYTES, GREY_SIDE

MIN_CONTRAST = 5.0
"""Flatter pictures are left out: the hash of a blank picture is the hash of its noise."""

MAX_BITS = 8
"""Most bits, of 64, in which candidates differ; 98 % of pictures cropped by 2 % stay within it."""

_NUM_ORDERS = 24
_NEIGHBOURS = 8
_CHUNK = 1 << 14  # pairs compared at once
_MAX_REMEMBERED = 1 << 22  # pairs, which are 32 MB

_STEP = 0.1  # standard deviations
_MIN_DETAIL = 0.45
"""Share of neighbouring grey values that differ by a step: less in drawings, digits and studio
pictures of a small thing, whose fingerprints are alike although the things are not."""

_MIN_SIDE = 2 * GREY_SIDE  # fewer pixels have less detail than a fingerprint seems to show
_MIN_CORRELATION = 0.97
_MAX_DEVIATION = 0.9  # standard deviations, of any one grey value
_MAX_CHROMA = 12.0  # of 255, of any one colour
_MAX_GAIN = 1.6
_MAX_DIFFERENCE = 12  # of 255, where there is little detail


@dataclass(frozen=True)
class Looks:
    """Looks of distinct pictures."""

    contents: pd.Index
    """Hash of the content of each, sorted."""

    fingerprints: NDArray[np.uint8]
    """(N, 304), as in `pictures.Appearance`."""

    are_detailed: NDArray[np.bool_]
    """(N,) as of `is_detailed`, and False for small pictures."""


def groups(samples: pd.DataFrame, known: Looks | None = None) -> pd.Series:
    """Number the groups of pictures that are nearly the same.

    Args:
        samples: as `scan` has them.
        known: their `looks`, if these are known already.

    Returns:
        Group (Int64) of every picture that is nearly the same as one with other bytes, and of exact
        copies of these; missing for all others.
    """
    distinct = known or looks(samples)
    hashes = perceptual_hashes(distinct.fingerprints)

    def are_alike(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        prints, detailed = distinct.fingerprints, distinct.are_detailed
        both = detailed[first] & detailed[second]
        return alike(prints[first], prints[second], both, _MAX_DIFFERENCE)

    root = joined(hashes, np.arange(len(hashes)), are_alike, num_orders=_NUM_ORDERS)
    numbers = pd.Series(root, index=distinct.contents).astype("Int64")
    return samples["content_hash"].map(numbers[numbers.duplicated(keep=False)]).astype("Int64")


def looks(samples: pd.DataFrame) -> Looks:
    """Looks of the pictures that can be compared, sorted by content, so that groups of them do not
    depend on where the files lie."""
    usable = samples["problem"].isna() & (samples["contrast"] >= MIN_CONTRAST)
    distinct = samples[usable].drop_duplicates("content_hash").sort_values("content_hash")
    joined_bytes = np.frombuffer(b"".join(distinct["fingerprint"]), np.uint8)
    fingerprints = joined_bytes.reshape(len(distinct), FINGERPRINT_BYTES)
    is_large = (distinct[["width", "height"]].min(axis=1) >= _MIN_SIDE).to_numpy()
    detailed = is_large & is_detailed(fingerprints)
    return Looks(pd.Index(distinct["content_hash"]), fingerprints, detailed)


def sameness(samples: pd.DataFrame) -> pd.Series:
    """Text that is the same for copies and near duplicates; needs `near_duplicate_group`."""
    group, contents = samples["near_duplicate_group"], samples["content_hash"]
    has_group = group.notna()
    if not has_group.any():
        return contents
    return contents.mask(has_group, "near " + group[has_group].astype("str"))


def all_but_largest(samples: pd.DataFrame) -> list[str]:
    """Paths of the near duplicates that can go; needs `near_duplicate_group`.

    Of each group the picture with most pixels stays, for each split and each label.
    """
    near = samples[samples["near_duplicate_group"].notna()]
    sized = near.assign(pixels=near["width"] * near["height"])
    ranked = sized.sort_values(["pixels", "id"], ascending=[False, True], kind="stable")
    spare = ranked.duplicated(["near_duplicate_group", "label", "split"])
    return [str(path) for path in ranked.loc[spare, "path"]]


def connected(count: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """(count,) the least member of each member's group, from ties between members (E,) and (E,)."""
    if (first == second).all():
        return np.arange(count)
    from scipy.sparse import coo_array  # slow to import, as all of scipy
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), bool), (first, second)), (count, count))
    _, group = connected_components(graph, directed=False)
    _, least = np.unique(group, return_index=True)  # the first position of each group
    return np.asarray(least[group], np.int64)


def perceptual_hashes(fingerprints: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N,) from fingerprints (N, 304): which of the 64 lowest frequencies of the discrete cosine
    transform are stronger than their median."""
    strengths = low_frequencies(fingerprints).reshape(len(fingerprints), 64)
    bits = strengths > np.median(strengths, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def low_frequencies(fingerprints: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, 8, 8) strengths of the lowest frequencies of the discrete cosine transform."""
    grey = fingerprints[:, : GREY_SIDE**2].reshape(-1, GREY_SIDE, GREY_SIDE)
    places = (np.arange(GREY_SIDE) + 0.5) * np.pi / GREY_SIDE
    waves = np.cos(np.arange(8)[:, None] * places)  # scipy.fft takes half a second to import
    return np.asarray(waves @ grey @ waves.T)


def is_detailed(fingerprints: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(N,) True where the grey values change often enough to tell one picture from another."""
    detailed = np.zeros(len(fingerprints), dtype=bool)
    for start in range(0, len(fingerprints), _CHUNK):
        part = slice(start, start + _CHUNK)
        grey = _standardised(fingerprints[part])[0].reshape(-1, GREY_SIDE, GREY_SIDE)
        steps = [np.abs(np.diff(grey, axis=axis)) > _STEP for axis in (1, 2)]
        detailed[part] = sum(step.mean(axis=(1, 2)) for step in steps) / 2 >= _MIN_DETAIL
    return detailed


def joined(
    hashes: NDArray[np.uint64],
    root: NDArray[np.int64],
    are_same: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
    *,
    num_orders: int,
) -> NDArray[np.int64]:
    """Join groups of pictures of which two are the same, without comparing every pair.

    Pictures are sorted by their hashes. Two hashes that differ in few bits stand close together if
    the differing bits are among the last ones of the sorting key, so the sorting is done several
    times with the bits in other orders, and each picture is compared with its next neighbours only.
    Every pair that agrees joins two groups.

    Args:
        hashes: (N,).
        root: (N,) the least member of each picture's group so far.
        are_same: from positions (E,) and (E,) of pairs whose hashes are near.
        num_orders: how often the hashes are sorted.

    Returns:
        (N,) the least member of each picture's group; a picture like no other is its own.
    """
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1)
    different = np.empty(0, np.int64)  # pairs found to differ, sorted, each as one number
    for order in range(num_orders):
        refuted = []
        shuffled = bits[:, np.random.default_rng(order).permutation(64)]
        keys = np.packbits(shuffled.ravel()).view(">u8")  # big-endian: the first bit counts most
        ranked = np.argsort(keys.astype(np.uint64), kind="stable")
        for step in range(1, _NEIGHBOURS + 1):
            first, second = ranked[:-step], ranked[step:]
            near = np.bitwise_count(hashes[first] ^ hashes[second]) <= MAX_BITS
            # pairs of one group need no comparison, or n copies would mean n^2 of them
            near &= root[first] != root[second]
            first, second = first[near], second[near]
            # a pair that was compared in an earlier order is not compared again
            number = np.minimum(first, second) * len(hashes) + np.maximum(first, second)
            new = ~_is_among(number, different)
            first, second = first[new], second[new]
            same = _in_chunks(are_same, first, second)
            refuted.append(number[new][~same])
            if same.any():
                # the groups so far (each member tied to its root) and the new ties, as one graph
                members = np.arange(len(root))
                root = connected(
                    len(root), np.append(root, first[same]), np.append(members, second[same])
                )
        if len(different) < _MAX_REMEMBERED:
            different = np.sort(np.concatenate([different, *refuted]))
    return root


def _is_among(numbers: NDArray[np.int64], ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(E,) True for the numbers that are in a sorted array."""
    positions = np.searchsorted(ordered, numbers)
    return np.asarray(np.append(ordered, -1)[positions] == numbers)


def _in_chunks(
    are_same: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """(E,) the answers for all pairs, to save memory in parts."""
    same = np.zeros(len(first), dtype=bool)
    for start in range(0, len(first), _CHUNK):
        part = slice(start, start + _CHUNK)
        same[part] = are_same(first[part], second[part])
    return same


def alike(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    detailed: NDArray[np.bool_],
    max_difference: int,
) -> NDArray[np.bool_]:
    """(E,) True for pairs whose fingerprints agree.

    Args:
        first: (E, 304).
        second: (E, 304).
        detailed: (E,) True where both have detail, and may differ in brightness and contrast.
        max_difference: of 255, of any value, where they have not.
    """
    same = _equal(first, second, max_difference)
    same[detailed] |= _equal_but_for_light(first[detailed], second[detailed])
    return same


def _equal(
    first: NDArray[np.uint8], second: NDArray[np.uint8], max_difference: int
) -> NDArray[np.bool_]:
    difference = np.maximum(first, second) - np.minimum(first, second)
    return np.asarray(difference.max(axis=1) <= max_difference)


def _equal_but_for_light(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(E,) True for detailed pictures that differ in little but brightness and contrast."""
    split = GREY_SIDE**2
    (grey_1, spread_1), (grey_2, spread_2) = _standardised(first), _standardised(second)
    gain = spread_1 / spread_2
    half = np.sqrt(gain)[:, None, None]  # both are brought to the contrast in the middle
    chroma = np.abs(_chroma(first[:, split:]) / half - _chroma(second[:, split:]) * half)
    return np.asarray(
        ((grey_1 * grey_2).mean(axis=1) >= _MIN_CORRELATION)
        & (np.abs(grey_1 - grey_2).max(axis=1) <= _MAX_DEVIATION)
        & (chroma.max(axis=(1, 2)) <= _MAX_CHROMA)
        & (np.maximum(gain, 1 / gain) <= _MAX_GAIN)
    )


def _standardised(looks: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Grey values (N, 256) of mean 0 and variance 1, and the spread (N,) they had before."""
    grey = looks[:, : GREY_SIDE**2].astype(np.float32)
    grey -= grey.mean(axis=1, keepdims=True)
    spread = np.maximum(np.sqrt((grey**2).mean(axis=1)), 1e-3)
    return grey / spread[:, None], spread


def _chroma(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 16, 3) how far red, green and blue are from the grey of the same brightness."""
    values = colours.reshape(-1, COLOUR_SIDE**2, 3).astype(np.float32)
    return np.asarray(values - values.mean(axis=2, keepdims=True))
