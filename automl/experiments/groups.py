"""Groups of pictures that are copies, nearly the same, or of one `group`, in an experiment."""

from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from automl.experiments import store

if TYPE_CHECKING:
    import pandas as pd

    from automl.evaluation.picture_groups import Groups


def of(experiment_dir: Path) -> "Groups":
    """The group of each picture, by sample id; empty if they are not known."""
    path = store.samples_path(experiment_dir)
    # every trial asks for them, while the pictures rarely change
    return _of(experiment_dir, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=2)
def _of(experiment_dir: Path, changed_at: int) -> "Groups":  # noqa: ARG001
    return of_samples(store.load_samples(experiment_dir))


def of_samples(samples: "pd.DataFrame") -> "Groups":
    """The group of each picture, by sample id; empty if they are not known."""
    from automl.dataset import split

    if "near_duplicate_group" not in samples:  # written by an earlier version
        return {}
    numbers = split.together(samples).tolist()
    return MappingProxyType(dict(zip(samples["id"].tolist(), numbers, strict=True)))
