"""Pictures that are left out: those that the user names, or masks, which annotate others."""

import fnmatch
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from automl.dataset.folder_tree import Parts
from automl.dataset.reading import Guess, Reading
from automl.dataset.walk import Tree
from automl.texts import mark

NEVER = "never"

_MASKS = frozenset(
    [
        "mask",
        "masks",
        "maske",
        "masken",
        "masque",
        "masques",
        "mascara",
        "mascaras",
        "máscara",
        "máscaras",
        "maschera",
        "maschere",
        "маска",
        "маски",
        "マスク",
        "掩码",
        "掩膜",
        "마스크",
        "annotation",
        "annotations",
        "label",
        "labels",
        "trimap",
        "trimaps",
        "seg",
        "segs",
        "segmentation",
        "segmentations",
        "segmentationclass",
        "segmentationobject",
        "groundtruth",
        "gt",
        "contour",
        "contours",
        "overlay",
        "overlays",
        "edges",
        "depth",
    ]
)
_PICTURES = frozenset(
    [
        "image",
        "images",
        "img",
        "imgs",
        "jpegimages",
        "photo",
        "photos",
        "picture",
        "pictures",
        "pic",
        "pics",
        "original",
        "originals",
        "raw",
        "rgb",
        "input",
        "inputs",
        "source",
        "bild",
        "bilder",
        "imagen",
        "imagenes",
        "imágenes",
        "imagem",
        "imagens",
        "immagine",
        "immagini",
        "изображение",
        "изображения",
        "фото",
        "画像",
        "图像",
        "图片",
        "이미지",
        "사진",
    ]
)
_ENDING = re.compile(
    r"[\s._-]*(?:mask|masks|seg|segmentation|label|gt|groundtruth|annotation|trimap|overlay)"
    r"[\s._-]*\d*$",
    re.IGNORECASE,
)
_HINT = re.compile("mask|seg|label|gt|groundtruth|annotation|trimap|overlay", re.IGNORECASE)
"""Finds all that `_ENDING` does, and is faster where nothing is found."""

_LEAST_SHARE = 0.9
_MAX_NAMED = 5


def left_out(tree: Tree, patterns: str | None) -> Tree:
    """A tree without the pictures that are left out.

    Args:
        tree: what lies below a folder.
        patterns: names of folders and pictures, separated by bars, with * for any characters; or
            never. If not given, masks are left out.
    """
    if patterns == NEVER:
        return tree
    out = _matching(tree.pictures, patterns.split("|")) if patterns else _masks(tree.pictures)
    if not out:
        return tree
    kept = [parts for parts in tree.pictures if parts not in out]
    return replace(tree, pictures=kept, left_out=sorted(out))


def guesses(tree: Tree) -> list[Guess]:
    """Findings about masks that are left out."""
    out = tree.left_out
    if not out:
        return []
    folders = sorted({part for parts in out for part in parts[:-1] if _is(part, _MASKS)})
    inside = mark(
        "Left out: {count} pictures in {folders}, which have the names of other pictures and so "
        "are masks of them."
    )
    beside = mark(
        "Left out: {count} pictures such as {name}, which have the names of other pictures and so "
        "are masks of them."
    )
    sentence = (inside if folders else beside).format(
        count=f"{len(out):,}", folders=", ".join(folders[:_MAX_NAMED]), name=out[0][-1]
    )
    masks = mark("Masks are pictures of their classes.")
    other = Reading(sentence=masks, options={"leave_out": NEVER})
    return [Guess(sentence=sentence, others=[other])]


def _matching(pictures: Iterable[Parts], patterns: Sequence[str]) -> set[Parts]:
    fitting = re.compile(
        "|".join(fnmatch.translate(pattern.strip()) for pattern in patterns), re.IGNORECASE
    )
    return {parts for parts in pictures if any(map(fitting.match, parts))}


def _masks(pictures: Sequence[Parts]) -> set[Parts]:
    """Masks and the like among pictures.

    They lie in a folder called masks beside one called images with the same names in it, or beside
    the picture of their name: `a_mask.png` and `a.jpg`.
    """
    has_folders = any(_is(part, _MASKS) for part in {part for one in pictures for part in one[:-1]})
    if not has_folders and not any(_HINT.search(parts[-1]) for parts in pictures):
        return set()
    by_folder: dict[Parts, dict[str, Parts]] = defaultdict(dict)
    for parts in pictures:
        by_folder[parts[:-1]][PurePosixPath(parts[-1]).stem] = parts
    return {*_named_after_others(by_folder), *_in_folders_of_masks(by_folder)}


def _named_after_others(by_folder: Mapping[Parts, Mapping[str, Parts]]) -> list[Parts]:
    """Pictures such as `a_mask.png` beside `a.jpg`."""
    found: list[Parts] = []
    for stems in by_folder.values():
        ends = [stem for stem in stems if _ENDING.search(stem)]
        paired = [stem for stem in ends if _ENDING.sub("", stem) in stems]
        if paired and len(paired) >= _LEAST_SHARE * len(ends):
            found += [stems[stem] for stem in paired]
    return found


def _in_folders_of_masks(by_folder: Mapping[Parts, Mapping[str, Parts]]) -> list[Parts]:
    """Pictures in a folder called masks that have the names of those in one called images."""
    beside: dict[Parts, set[str]] = defaultdict(set)
    for folder, stems in by_folder.items():
        for depth, part in enumerate(folder):
            if _is(part, _PICTURES):
                beside[folder[:depth]].update(stems)
    found: list[Parts] = []
    for folder, stems in by_folder.items():
        at = next((at for at, part in enumerate(folder) if _is(part, _MASKS)), None)
        names: set[str] = set() if at is None else beside.get(folder[:at], set())
        paired = sum(stem in names or _ENDING.sub("", stem) in names for stem in stems)
        if paired and paired >= _LEAST_SHARE * len(stems):
            found += stems.values()
    return found


@functools.cache
def _is(name: str, words: frozenset[str]) -> bool:
    """True if all words of a name but numbers are among these, as those of `Images_2` are."""
    parts = [part for part in re.split(r"[\W_\d]+", name.lower()) if part]
    joined = "".join(parts)
    return joined in words or (bool(parts) and all(part in words for part in parts))
