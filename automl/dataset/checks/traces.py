"""Attributes of picture files that tell where a picture comes from, as phrases."""

import re
from collections.abc import Mapping

import pandas as pd

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


def attributes(readable: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Attributes of each picture, such as `PNG files`; missing where nothing is known."""
    width, height = (_numbers(readable[side]) for side in ("width", "height"))
    return {
        "camera": _cameras(readable["camera"]),
        "day": "taken on " + readable["taken"].str[:10],
        "folder": _folders(readable),
        "format": readable["format"] + " files",
        "size": "of "
        + _numbers(readable["width"])
        + " x "
        + _numbers(readable["height"])
        + " pixels",
        "shape": _shapes(readable),
        "mode": "of the mode " + readable["mode"],
        "compression": "saved in JPEG quality " + _numbers(readable["jpeg_quality"]),
        "name": _namings(readable),
    }


def modified(readable: pd.DataFrame) -> pd.Series:
    """Day on which each file was modified, as a phrase; in containers the same for all."""
    days = pd.to_datetime(readable["mtime_ns"], unit="ns", utc=True).dt.strftime("%Y-%m-%d")
    return "last modified on " + days


def folders_inside(readable: pd.DataFrame) -> pd.Series:
    """Folder in the class folder of each picture; without a class folder, the one it lies in."""
    folders = readable["path"].str.replace(r"[\\/][^\\/]*$", "", regex=True)
    pairs = pd.DataFrame({"folder": folders, "label": readable["label"]})
    distinct = pairs.drop_duplicates()
    names = [
        _inside(folder, label)
        for folder, label in zip(distinct["folder"], distinct["label"], strict=True)
    ]
    named = distinct.assign(name=pd.Series(names, index=distinct.index, dtype="str"))
    found = pairs.merge(named, how="left", on=["folder", "label"])["name"]
    return pd.Series(found.to_numpy(), index=readable.index, dtype="str")


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
    return "in a folder called " + names


def _cameras(cameras: pd.Series) -> pd.Series:
    named = "taken with the camera " + cameras
    return named.fillna("without a camera's name in EXIF") if cameras.notna().any() else named


def _shapes(readable: pd.DataFrame) -> pd.Series:
    ratio = (readable["width"] / readable["height"]).round(1)
    return "about " + ratio.astype("str") + " times as wide as high"


def _namings(readable: pd.DataFrame) -> pd.Series:
    names = readable["path"].str.extract(r"([^\\/]*)$")[0]
    naming = names.str.extract(f"^{_NAMING.pattern}", flags=re.IGNORECASE)[0].str.lower()
    is_label = naming == readable["label"].str.lower()
    return "with file names that start with " + naming.mask(is_label)


def _numbers(values: pd.Series) -> pd.Series:
    return values.astype("Int64").astype("str")
