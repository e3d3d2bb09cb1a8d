"""Copies and near copies of one picture under different labels: which label is right?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from automl.dataset import label_sets, near_duplicates, row_groups
from automl.dataset.manifest import Manifest
from automl.evaluation.first_score import Answer

_CLEAR_SHARE = 0.75
"""Share of the copies that agree, from which their label counts as right without a model."""


@dataclass(frozen=True)
class Conflict:
    """Pictures that are the same, exactly or nearly, with different labels."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    """(N,) of the pictures; of label sets as texts."""

    @property
    def choices(self) -> list[str]:
        """The labels, the most frequent first."""
        return [label for label, _ in Counter(self.labels).most_common()]

    def safe_label(self, predicted: Mapping[str, Answer]) -> str | None:
        """The label that is right beyond reasonable doubt; None if somebody has to look.

        With answers of a model that has seen none of the pictures, which copies on one side of
        every split ensure, it is the label that the model finds and no other has more copies of.
        Without, it is that of three quarters of at least four copies.

        Args:
            predicted: class or labels by path, as far as there are answers.
        """
        counts = Counter(self.labels)
        (label, most), *_ = counts.most_common()
        answers = {
            label_sets.text(label_sets.as_list(predicted[path]))
            for path in self.paths
            if path in predicted
        }
        if answers:
            found = next((name for name in counts if answers == {name}), None)
            return found if found is not None and counts[found] == most else None
        is_clear = len(self.labels) >= 4 and most >= _CLEAR_SHARE * len(self.labels)
        return label if is_clear else None


def conflicts(data: Manifest) -> list[Conflict]:
    """The conflicts of a data set, the largest first."""
    samples = data.readable
    same = near_duplicates.sameness(samples)
    disagreeing = samples[row_groups.disagreeing(same, samples["label"])]
    found = [
        Conflict(tuple(group["path"]), tuple(group["label"]))
        for _, group in disagreeing.groupby(same.loc[disagreeing.index], sort=False)
    ]
    return sorted(found, key=lambda conflict: -len(conflict.paths))


def kept(
    chosen: Sequence[tuple[Conflict, str]], sets: Mapping[str, list[str]]
) -> dict[str, Answer]:
    """Label, or labels, by path of the pictures that get others, if each conflict gets the label.

    sets: labels by their text, as of `label_sets.by_text`.
    """
    return {
        path: sets.get(label, label)
        for conflict, label in chosen
        for path, given in zip(conflict.paths, conflict.labels, strict=True)
        if given != label or conflict.paths.count(path) > 1
    }
