"""Inheritance from the experiment that another goes on from: splits, and a remark on the scores."""

from collections.abc import Sequence, Set

import pandas as pd

from automl.engine.results import Results
from automl.errors import UserError
from automl.experiments import store
from automl.experiments.records import Parent
from automl.jobs.job import Job
from automl.texts import mark

_LABELLED = ["content_hash", "label"]


def samples(results: Results) -> list[pd.DataFrame]:
    """The samples of the parent, of its own parent, and so on; empty without a parent.

    A network that went on learning has seen the pictures of all of them. The list ends at an
    experiment that was deleted since.

    Raises:
        UserError: those of the parent cannot be read, so that nobody knows what its network was
            trained on.
    """
    found: list[pd.DataFrame] = []
    folder, passed = results.experiment_dir.parent, {results.experiment_dir.name}
    parent = results.experiment.parent
    while parent is not None and parent.experiment_id not in passed:  # a name may be used again
        name = parent.experiment_id
        passed.add(name)
        directory = folder / name
        try:
            found.append(store.load_samples(directory))
            parent = store.load_experiment(directory).parent
        except FileNotFoundError:
            if found:
                break
            raise UserError(
                f"The pictures of {name}, from whose network the trials start, are "
                f"not known: {store.samples_path(directory)} is missing. Start a new search "
                "instead."
            ) from None
    return found


def splits(before: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Split by content hash, that of the first that has the picture.

    A picture that trained the network of any of them, or has copies on two sides, trains.
    """
    placed: dict[str, str] = {}
    for each in before:
        known = each.dropna(subset=["split", "content_hash"])
        placed = dict(zip(known["content_hash"], known["split"], strict=True)) | placed
    return placed | dict.fromkeys(_trained(before), "train")


def add_note(
    before: Sequence[pd.DataFrame], after: pd.DataFrame, job: Job, results: Results
) -> None:
    """Record what an experiment that goes on from another one says of the scores of both."""
    parent, name = results.experiment.parent, results.experiment.experiment_id
    if parent is not None:
        is_warm = "checkpoint_run_id" in job.training_parameters
        trained = _trained(before) if is_warm else set[str]()
        results.add_notes(note(before[0], after, parent, name, trained=trained))


def note(
    before: pd.DataFrame, after: pd.DataFrame, parent: Parent, name: str, *, trained: Set[str]
) -> str:
    """Say whether the scores of the parent and of the experiment `name` can be compared.

    Args:
        before: samples of the parent.
        after: samples of the experiment.
        parent: the parent.
        name: of the experiment.
        trained: contents of the pictures that its network was trained on before; none for a frozen
            one.
    """
    said = [_on_judges(before, after, parent.experiment_id, name)]
    seen = after[after["content_hash"].isin(list(trained))]["split"].value_counts()
    if num_seen := int(seen.get("validation", 0)):
        sentence = mark(
            "Among them, {count} validation pictures, which the data name, were training pictures "
            "of that network: the scores are too good."
        )
        said.append(sentence.format(count=f"{num_seen:,}"))
    if num_seen := int(seen.get("test", 0)):
        sentence = mark(
            "Of the test pictures, {count}, which the data name, were training pictures of that "
            "network: the test score will be too good."
        )
        said.append(sentence.format(count=f"{num_seen:,}"))
    return " ".join(said)


def _on_judges(before: pd.DataFrame, after: pd.DataFrame, parent: str, name: str) -> str:
    """Say whether the validation pictures are the same, and whether their labels are."""
    earlier, judging = (
        set(each[each["split"] == "validation"][_LABELLED].itertuples(index=False, name=None))
        for each in (before, after)
    )
    if judging == earlier:
        return mark("The same validation pictures judge as in {experiment}.").format(
            experiment=parent
        )
    if {content for content, _ in judging} == {content for content, _ in earlier}:
        said = mark(
            "The same validation pictures judge as in {parent}, {count} of them by another label; "
            "automl compare {earlier} {later} tests both by the labels of {later}."
        )
        num_other = len({content for content, _ in judging - earlier})
        return said.format(parent=parent, count=f"{num_other:,}", earlier=parent, later=name)
    if not before["content_hash"].isin(after["content_hash"]).any():
        return mark(
            "No picture of {parent} is among the data, so the scores cannot be compared with its "
            "scores."
        ).format(parent=parent)
    return mark(
        "Other validation pictures judge than in {parent}, so the scores cannot be compared with "
        "its scores; automl compare {earlier} {later} tests both on the pictures that they share."
    ).format(parent=parent, earlier=parent, later=name)


def _trained(before: Sequence[pd.DataFrame]) -> set[str]:
    """Hashes of the pictures that a network of any of the experiments was trained on."""
    return {one for each in before for one in each[each["split"] == "train"]["content_hash"]}
