"""Inheritance from the experiment that another goes on from: splits, and a remark on the scores."""

import pandas as pd

from automl.engine.results import Results
from automl.errors import UserError
from automl.experiments import store
from automl.experiments.records import Parent
from automl.texts import mark


def samples(results: Results) -> pd.DataFrame | None:
    """The samples of the parent; None without a parent.

    Raises:
        UserError: they cannot be read, so that nobody knows what its network was trained on.
    """
    parent = results.experiment.parent
    if parent is None:
        return None
    directory = results.experiment_dir.parent / parent.experiment_id
    try:
        return store.load_samples(directory)
    except FileNotFoundError:
        raise UserError(
            f"The pictures of {parent.experiment_id}, from whose network the trials start, are not "
            f"known: {store.samples_path(directory)} is missing. Start a new search instead."
        ) from None


def splits(before: pd.DataFrame) -> dict[str, str]:
    """Split by content hash; a picture with copies on two sides trained the network."""
    known = before.dropna(subset=["split", "content_hash"])
    trained = known.loc[known["split"] == "train", "content_hash"]
    placed = dict(zip(known["content_hash"], known["split"], strict=True))
    return placed | dict.fromkeys(trained, "train")


def note(before: pd.DataFrame, after: pd.DataFrame, parent: Parent, name: str) -> str:
    """Say whether the scores of the parent and of the experiment `name` can be compared."""
    earlier, judging = (
        {(row.content_hash, row.label) for row in each[each["split"] == "validation"].itertuples()}
        for each in (before, after)
    )
    if judging == earlier:
        return mark("The same validation pictures judge as in {experiment}.").format(
            experiment=parent.experiment_id
        )
    trained = set(before.loc[before["split"] == "train", "content_hash"])
    num_seen = int(after.loc[after["split"] == "validation", "content_hash"].isin(trained).sum())
    said = mark(
        "Other validation pictures judge than in {parent}, so the scores cannot be compared with "
        "its scores; automl compare {earlier} {later} tests both on the pictures that they share."
    ).format(parent=parent.experiment_id, earlier=parent.experiment_id, later=name)
    if not num_seen:
        return said
    seen = mark(
        "Among them, {count} validation pictures, which the data name, were training pictures of "
        "that network: the scores are too good."
    )
    return f"{said} {seen.format(count=f'{num_seen:,}')}"
