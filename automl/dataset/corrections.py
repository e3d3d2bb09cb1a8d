"""Apply the corrections of a job to the samples of a data set; the files stay untouched."""

import bisect
import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from automl.errors import DataError
from automl.jobs.corrections import Corrections
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd  # slow to import
    from numpy.typing import NDArray

MOVED = "moved"
"""Column of `move` and `placed_like`: True for what was put into its split."""

_WANTED = "wanted_split"
"""Column of `apply`: the split that a correction wants."""

_CONTENT = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)

_MAX_COMPARED = 200


def apply(
    samples: "pd.DataFrame", corrections: Corrections, added: "pd.DataFrame | None" = None
) -> "tuple[pd.DataFrame, list[str]]":
    """Add, relabel and exclude samples; what is to be moved is only marked, see `move`.

    Args:
        samples: of the data.
        corrections: the changes.
        added: samples of the pictures that `add` names.

    Returns:
        The corrected samples, and a sentence on each kind of change.

    Raises:
        MissingPicturesError: corrections name pictures that are not in the data.
        DataError: a correction names no label of the data, or several pictures.
    """
    done = []
    if corrections.rename_labels:
        samples, sentence = _renamed(samples, corrections.rename_labels)
        done.append(sentence)
    if added is not None:
        samples = _with_added(samples, added, corrections.add)
        done.append(
            _counted(mark("1 picture was added."), mark("{count} pictures were added."), len(added))
        )
    every = [*corrections.relabel, *corrections.exclude, *corrections.move]
    names = list(dict.fromkeys(every))
    named = _rows(samples, names, corrections.add) if names else {}
    if corrections.relabel:
        new = {row: label for name, label in corrections.relabel.items() for row in named[name]}
        samples = _relabelled(samples, new)
        one = mark("1 picture was given another label.")
        done.append(_counted(one, mark("{count} pictures were given another label."), len(new)))
    if corrections.move:
        wanted = {row: split for name, split in corrections.move.items() for row in named[name]}
        samples = samples.assign(**{_WANTED: samples.index.to_series().map(wanted)})
    if corrections.exclude:
        excluded = {row for name in corrections.exclude for row in named[name]}
        samples = samples.drop(index=list(excluded))
        one = mark("1 picture was left out.")
        done.append(_counted(one, mark("{count} pictures were left out."), len(excluded)))
    return samples, done


def move(
    samples: "pd.DataFrame", together: "Callable[[pd.DataFrame], NDArray[np.int64]]"
) -> "tuple[pd.DataFrame, list[str]]":
    """Put marked samples into the split that is wanted, with those that belong on the same side.

    Args:
        samples: of `apply`.
        together: (N,) the same number for samples that stay on one side.

    Returns:
        The samples, where `MOVED` is True for what was moved, and a sentence, if anything was.
    """
    if _WANTED not in samples:
        return samples, []
    wanted = samples[_WANTED].groupby(together(samples)).transform("first")
    is_moved = wanted.notna()
    changed = samples.drop(columns=_WANTED)
    changed["split"] = changed["split"].mask(is_moved, wanted)
    changed[MOVED] = is_moved
    one = mark("1 picture was moved to another split.")
    several = mark("{count} pictures were moved to another split.")
    return changed, [_counted(one, several, int(is_moved.sum()))]


def placed_like(
    samples: "pd.DataFrame",
    like: "Mapping[str, str]",
    together: "Callable[[pd.DataFrame], NDArray[np.int64]]",
) -> "pd.DataFrame":
    """Put samples without a split where an earlier experiment had them, as if they were moved.

    Args:
        samples: of `move`.
        like: split by content hash.
        together: see `move`; what belongs to a training picture trains.
    """
    if not like:
        return samples
    before = samples["content_hash"].map(like).where(samples["split"].isna())
    groups = together(samples)
    has_trained = (before == "train").groupby(groups).transform("any")
    placed = before.groupby(groups).transform("first").mask(has_trained, "train")
    placed = placed.where(samples["split"].isna())
    changed = samples.assign(split=samples["split"].fillna(placed))
    changed[MOVED] = placed.notna() | samples.get(MOVED, False)
    return changed


def names_of(paths: Iterable[str], samples: "pd.DataFrame") -> list[str]:
    """Names of pictures for use in corrections.

    Returns:
        The shortest end of each path, with at least its folder, that no other path ends with.
    """
    names = {path: path for path in paths}
    files = {_file(path) for path in names}  # a path that ends in another file ends otherwise
    every = [path.split("/") for path in samples["path"].unique() if _file(path) in files]
    unnamed = set(names)
    for length in range(2, max(map(len, every), default=0)):
        ends = Counter("/".join(parts[-length:]) for parts in every)
        for path in list(unnamed):
            end = "/".join(path.split("/")[-length:])
            if ends[end] == 1:
                names[path] = end
                unnamed.remove(path)
        if not unnamed:
            break
    return list(names.values())


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def settle_leaks(
    samples: "pd.DataFrame", key: "pd.Series", leaked: Literal["keep", "drop", "move"]
) -> "tuple[pd.DataFrame, list[str]]":
    """Put pictures that are in the training data and held out on one side.

    Args:
        samples: with `split` as given.
        key: for each sample; equal for pictures that are the same.
        leaked: keep them, drop them from the training data, or move them there.

    Returns:
        The samples, and a sentence on what was done, if anything.
    """
    split = samples["split"].fillna("train").where(samples["problem"].isna())
    is_train, is_held_out = split == "train", split.isin(["validation", "test"])
    on_both = key.isin(set(key[is_train].dropna()) & set(key[is_held_out].dropna()))
    chosen = on_both & (is_train if leaked == "drop" else is_held_out)
    if leaked == "keep" or not chosen.any():
        return samples, []
    if leaked == "drop":
        one = mark(
            "1 picture was left out of the training data, as it is in the validation or test data "
            "too."
        )
        several = mark(
            "{count} pictures were left out of the training data, as they are in the validation "
            "or test data too."
        )
        return samples[~chosen], [_counted(one, several, int(chosen.sum()))]
    moved = samples.assign(split=samples["split"].mask(chosen, "train"))
    one = mark("1 picture was moved from the validation or test data to the training data.")
    several = mark(
        "{count} pictures were moved from the validation or test data to the training data."
    )
    return moved, [_counted(one, several, int(chosen.sum()))]


def _renamed(samples: "pd.DataFrame", new_labels: dict[str, str]) -> "tuple[pd.DataFrame, str]":
    from automl.dataset import label_sets  # imports pandas

    present = set(label_sets.each_label(samples).unique())
    for label in new_labels:
        if label not in present:
            raise DataError(
                f"corrections.rename_labels names the label {label!r}, which no picture has. "
                + _hint(label, present)
            )
    if label_sets.are_in(samples):
        sets = [
            list(dict.fromkeys(new_labels.get(label, label) for label in labels))
            for labels in samples[label_sets.COLUMN]
        ]
        changed = label_sets.with_sets(samples, sets)
    else:
        changed = samples.assign(label=samples["label"].replace(new_labels))
    pairs = ", ".join(f"{old} to {new}" for old, new in list(new_labels.items())[:5])
    more = f" and {len(new_labels) - 5} more" if len(new_labels) > 5 else ""
    return changed, mark("Renamed: {names}.").format(names=f"{pairs}{more}")


def _with_added(
    samples: "pd.DataFrame", added: "pd.DataFrame", labels: "Mapping[str, str | list[str]]"
) -> "pd.DataFrame":
    import pandas as pd

    from automl.dataset import label_sets  # imports pandas

    everything = pd.concat([samples, added], ignore_index=True)
    new = dict(zip(everything.index[len(samples) :], map(labels.get, added["path"]), strict=True))
    if label_sets.are_in(samples):
        everything[label_sets.COLUMN] = everything[label_sets.COLUMN].where(
            everything.index < len(samples), pd.Series([[]] * len(everything), dtype=object)
        )
    return _relabelled(everything, new)


def _relabelled(
    samples: "pd.DataFrame", new_labels: "Mapping[Any, str | list[str]]"
) -> "pd.DataFrame":
    """The samples with the new label, or labels, of some rows."""
    from automl.dataset import label_sets  # imports pandas

    if label_sets.are_in(samples):
        new_sets = {
            row: [labels] if isinstance(labels, str) else list(dict.fromkeys(labels))
            for row, labels in new_labels.items()
        }
        before = samples[label_sets.COLUMN].items()
        return label_sets.with_sets(samples, [new_sets.get(row, labels) for row, labels in before])
    for row, label in new_labels.items():
        if not isinstance(label, str):
            raise DataError(
                f"corrections.relabel gives {samples.loc[row, 'path']} the labels {label}, and in "
                "this task every picture has one. Write one label, or set task: "
                "image_classification_multilabel."
            )
    labels = samples.index.to_series().map(new_labels).fillna(samples["label"])
    return samples.assign(label=labels.astype("str"))


class MissingPicturesError(DataError):
    """Corrections name pictures that the data does not have."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = names


def _rows(
    samples: "pd.DataFrame", names: Sequence[str], added: Container[str]
) -> dict[str, list[Any]]:
    """Index of the samples of each picture, which a table may list more than once.

    Args:
        samples: of the data, and of added pictures.
        names: ends of paths, or hashes of contents.
        added: paths of the added pictures; a name that fits one of the data, too, means that.

    Raises:
        MissingPicturesError: some name no picture.
        DataError: one names several pictures.
    """
    contents = {name: match[1].lower() for name in names if (match := _CONTENT.fullmatch(name))}
    ends = {name: f"/{_plain(name)}" for name in names if name not in contents}
    files = {_file(end) for end in ends.values()}
    by_file: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for row, path in zip(samples.index, samples["path"].tolist(), strict=True):
        plain = path.replace("\\", "/")
        if _file(plain) in files:
            by_file[_file(plain)].append((plain, row))
    known = samples[samples["content_hash"].isin(list(contents.values()))]
    by_content = known.groupby("content_hash").groups
    found = {name: list(by_content.get(content, ())) for name, content in contents.items()}
    for name, end in ends.items():
        fitting = [(path, row) for path, row in by_file[_file(end)] if path.endswith(end)]
        if len({path for path, _ in fitting}) > 1:
            fitting = [(path, row) for path, row in fitting if path not in added] or fitting
        if (count := len({path for path, _ in fitting})) > 1:
            raise DataError(
                f"corrections name the picture {name}, but {count} paths end like that. "
                "Write more of the path."
            )
        found[name] = [row for _, row in fitting]
    missing = [name for name in names if not found[name]]
    if missing:
        near = [path for path, _ in by_file[_file(_plain(missing[0]))]]
        raise _missing(missing, near or map(_file, samples["path"].tolist()))
    return found


def _missing(names: Sequence[str], near: Iterable[str]) -> MissingPicturesError:
    name, count = names[0], len(names)
    hint = "" if _CONTENT.fullmatch(name) else _hint(_plain(name), near)
    if count == 1:
        said = [
            mark(f"corrections name the picture {name}, which is not in the data."),
            hint,
            mark(
                "If it was deleted, renamed or edited since, remove its name from the corrections; "
                "the Data page has a button for it."
            ),
        ]
    else:
        said = [
            mark(
                f"corrections name {count} pictures that are not in the data, the first is {name}."
            ),
            hint,
            mark(
                "If they were deleted, renamed or edited since, remove their names from the "
                "corrections; the Data page has a button for it."
            ),
        ]
    return MissingPicturesError(" ".join(filter(None, said)), names)


def _plain(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def _hint(name: str, known: Iterable[str]) -> str:
    ordered = sorted(set(known))
    at = bisect.bisect(ordered, name)  # of many only those that begin alike, as it takes long
    near = ordered[max(0, at - _MAX_COMPARED) : at + _MAX_COMPARED]
    nearest = difflib.get_close_matches(name, near, n=1, cutoff=0)
    return mark(f"The nearest is {nearest[0]}.") if nearest else mark("The data has none.")


def _counted(one: str, several: str, count: int) -> str:
    return one if count == 1 else several.format(count=f"{count:,}")
