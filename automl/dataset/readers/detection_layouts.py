"""Layouts of object detection, whose pictures have boxes and no label of their own."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from automl.dataset.walk import Tree
from automl.texts import mark

_LEAST_SHARE = 0.5
_NUM_LOOKED_AT = 20
_START_BYTES = 4096
_BOX = re.compile(rb"\s*\d+(?:\s+-?[\d.e-]+){4,}\s*(?:\n|\Z)")

_LAYOUTS: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    (".xml", "Pascal VOC", lambda start: b"<annotation" in start),
    (".txt", "YOLO", lambda start: bool(_BOX.match(start))),
    (".json", "LabelMe", lambda start: b'"shapes"' in start),
)
"""End of the files with boxes, whose layout it is, and how the content starts."""


def described(tree: Tree, root: Path) -> str:
    """Sentences about the layout and what to do, if most pictures have a file of boxes; else empty.

    Args:
        tree: what lies in the folder.
        root: the folder.
    """
    pictures = {PurePosixPath(parts[-1]).stem for parts in tree.pictures}
    for suffix, name, fits in _LAYOUTS:
        files = [parts for parts in tree.other_files if parts[-1].lower().endswith(suffix)]
        boxes = [parts for parts in files if PurePosixPath(parts[-1]).stem in pictures]
        if len(boxes) < _LEAST_SHARE * max(1, len(pictures)):
            continue
        starts = [_start(root.joinpath(*parts)) for parts in boxes[:_NUM_LOOKED_AT]]
        if any(map(fits, starts)):
            return mark(
                f"{root} has the layout of {name}, for object detection: files such as "
                f"{'/'.join(boxes[0])} have boxes, and a picture has no label of its own. Export "
                "the data as folders of classes (Roboflow calls it Folder Structure, CVAT "
                "ImageNet) or as a table with one label a picture, or cut out the boxes and put "
                "each into the folder of its class."
            )
    return ""


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_START_BYTES)
    except OSError:
        return b""
