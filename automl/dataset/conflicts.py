"""Copies and near copies of one picture under different labels: which label is right?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from automl.dataset import label_sets, near_duplicates
from automl.dataset.manifest import Manifest

_CLEAR_SHARE = 0.75
"""Share of the copies that agree, from which their label counts as right without a model."""


@dataclass(frozen=True)
class Conflict:
    """Pictures that are the same, exactly or nearly, with different labels."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    """(N,) of the pictures."""

    @property
    def choices(self) -> list[str]:
        """The labels, the most frequent first."""
        return [label for label, _ in Counter(self.labels).most_common()]

    def safe_label(self, predicted: Mapping[str, object]) -> str | None:
        """The label that is right beyond reasonable doubt; None if somebody has to look.

        With answers of a model that has seen none of the pictures, which copies on one side of
        every split ensure, it is the label that the model finds and no other has more copies of.
        Without, it is that of three quarters of at least four copies.

        Args:
            predicted: class by path, as far as there are answers.
        """
        counts = Counter(self.labels)
        (label, most), *_ = counts.most_common()
        answers = {predicted[path] for path in self.paths if path in predicted}
        if answers:
            found = next((name for name in counts if answers == {name}), None)
            return found if found is not None and counts[found] == most else None
        is_clear = len(self.labels) >= 4 and most >= _CLEAR_SHARE * len(self.labels)
        return label if is_clear else None


def conflicts(data: Manifest) -> list[Conflict]:
    """The conflicts of a data set with one label a picture, the largest first."""
    samples = data.readable
    if label_sets.are_in(samples):
        return []
    same = near_duplicates.sameness(samples)
    disagreeing = samples[samples.groupby(same)["label"].transform("nunique") > 1]
    found = [
        Conflict(tuple(group["path"]), tuple(group["label"]))
        for _, group in disagreeing.groupby(same.loc[disagreeing.index], sort=False)
    ]
    return sorted(found, key=lambda conflict: -len(conflict.paths))


def kept(chosen: Sequence[tuple[Conflict, str]]) -> dict[str, str]:
    """Label by path of the pictures that get another one, if each conflict gets the label."""
    return {
        path: label
        for conflict, label in chosen
        for path, given in zip(conflict.paths, conflict.labels, strict=True)
        if given != label or conflict.paths.count(path) > 1
    }
