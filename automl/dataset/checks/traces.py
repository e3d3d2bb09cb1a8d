"""Attributes of picture files that tell where a picture comes from, as phrases."""

import re
from collections.abc import Mapping

import pandas as pd

from automl.texts import mark

_NAMING = re.compile(
    r"(img|dsc[nf]?|p|pxl|mvimg|vid|gopr|dji|sam|fb_img|received|snapchat|signal|whatsapp|image"
    r"|images|download|screen ?shot|capture|frame|still|scan|doc|photo|unsplash|pexels|pixabay"
    r"|shutterstock|istock|gettyimages|istockphoto|comfyui|dall.?e|midjourney|gemini|generated)"
    r"(?=[\W_]|\d)",
    re.IGNORECASE,
)
"""Beginnings of names that cameras, programs and websites give to files."""

_SOURCE = re.compile(
    r"(cam(era)?|device|phone|web|google|bing|flickr|scan(ner)?|session|day|date|site|batch|source"
    r"|synthetic|real|generated|lab|hospital|clinic|room|studio|video|vid)?[\W_]*[\d\W_]*",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[\\/]|::")
_DAY_NS = 86_400_000_000_000


def attributes(readable: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Attributes of each picture, such as `stored as PNG`; missing where nothing is known."""
    width, height, quality = (
        _numbers(readable[name]) for name in ("width", "height", "jpeg_quality")
    )
    return {
        "camera": _cameras(readable["camera"]),
        "day": _phrase(mark("taken on {day}"), day=readable["taken"].str[:10]),
        "folder": _folders(readable),
        "format": _phrase(mark("stored as {format}"), format=readable["format"]),
        "size": _phrase(mark("of {width} x {height} pixels"), width=width, height=height),
        "shape": _shapes(readable),
        "mode": _phrase(mark("of the mode {mode}"), mode=readable["mode"]),
        "compression": _phrase(mark("saved in JPEG quality {quality}"), quality=quality),
        "name": _namings(readable),
    }


def modified(readable: pd.DataFrame) -> pd.Series:
    """Day on which each file was modified, as a phrase; in containers the same for all."""
    numbers, distinct = pd.factorize(readable["mtime_ns"] // _DAY_NS)
    names = pd.to_datetime(distinct, unit="D").strftime("%Y-%m-%d")
    days = pd.Series(names.to_numpy()[numbers], readable.index, dtype="str")
    return _phrase(mark("last modified on {day}"), day=days)


def _phrase(template: str, **values: pd.Series) -> pd.Series:
    """The template with the values of each picture; missing where one of them is."""
    first, *others = re.split(r"\{(\w+)\}", template)
    phrase: str | pd.Series = first
    for name, text in zip(others[::2], others[1::2], strict=True):
        phrase = phrase + values[name] + text
    return pd.Series(phrase)


def folders_inside(readable: pd.DataFrame) -> pd.Series:
    """Folder in the class folder of each picture; without a class folder, the one it lies in."""
    folders = [split(path)[0] for path in readable["path"].tolist()]
    pairs = pd.DataFrame({"folder": folders, "label": readable["label"]})
    distinct = pairs.drop_duplicates()
    names = [
        _inside(folder, label)
        for folder, label in zip(distinct["folder"], distinct["label"], strict=True)
    ]
    named = distinct.assign(name=pd.Series(names, index=distinct.index, dtype="str"))
    found = pairs.merge(named, how="left", on=["folder", "label"])["name"]
    return pd.Series(found.to_numpy(), index=readable.index, dtype="str")


def split(path: str) -> tuple[str, str]:
    """The folder and the name of a file, whichever system wrote its path."""
    if "\\" not in path:
        folder, slash, name = path.rpartition("/")
        return folder if slash else path, name
    at = max(path.rfind("/"), path.rfind("\\"))
    return path[:at], path[at + 1 :]


def _inside(folder: str, label: str) -> str | None:
    parts = _SEPARATOR.split(folder)
    if label not in parts:
        return parts[-1]
    below = parts[len(parts) - parts[::-1].index(label) :]
    return below[0] if below else None


def _folders(readable: pd.DataFrame) -> pd.Series:
    """Folders that are more than a part of the label: several classes have them, or their names
    are those of sources."""
    names = folders_inside(readable)
    num_labels = readable["label"].groupby(names).nunique()
    is_source = [bool(_SOURCE.fullmatch(name)) for name in num_labels.index]
    if not (num_labels > 1).any() and not (len(is_source) and all(is_source)):
        return pd.Series(None, index=readable.index, dtype="str")
    return _phrase(mark("in a folder called {name}"), name=names)


def _cameras(cameras: pd.Series) -> pd.Series:
    named = _phrase(mark("taken with the camera {name}"), name=cameras)
    nameless = mark("without a camera's name in EXIF")
    return named.fillna(nameless) if cameras.notna().any() else named


def _shapes(readable: pd.DataFrame) -> pd.Series:
    ratio = (readable["width"] / readable["height"]).round(1)
    return _phrase(mark("about {ratio} times as wide as high"), ratio=ratio.astype("str"))


def _namings(readable: pd.DataFrame) -> pd.Series:
    found = (_NAMING.match(split(path)[1]) for path in readable["path"].tolist())
    begun = [match and match[1].lower() for match in found]
    naming = pd.Series(begun, readable.index, dtype="str")
    is_label = naming == readable["label"].str.lower()
    template = mark("with file names that start with {name}")
    return _phrase(template, name=naming.mask(is_label))


def _numbers(values: pd.Series) -> pd.Series:
    return values.astype("Int64").astype("str")
