"""The training pictures that an exported model compares pictures with, and the usual distance."""

import contextlib
import dataclasses
import functools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from automl.dataset import label_sets
from automl.dataset.preprocessing import UnreadablePicture, model_input
from automl.dataset.threads import map_in_threads
from automl.evaluation import picture_groups, unlike
from automl.evaluation.picture_groups import Groups
from automl.experiments import groups
from automl.host import atomic, home
from automl.model import familiarity
from automl.model.network import Normalised

_VERSION = 2  # raise it when the same pictures and model would give another reference

_WORK = 5e9
"""Parameters times pictures of 224 px: ten to twenty seconds on two cores."""

_FEWEST, _MOST = 150, 1_500
_LEAST_HELD_OUT = 10
_BATCH = 32


@dataclass(frozen=True)
class Reference:
    """Reference by which a picture unlike the training pictures is recognised."""

    bank: NDArray[np.float32]
    """(M, D) directions of training pictures, see `familiarity`."""

    threshold: float
    false_alarm_rate: float
    """To expect of pictures like the training pictures."""

    held_out: NDArray[np.int64]
    """(H,) ids of the pictures that the threshold was chosen on."""

    distances: NDArray[np.float32]
    """(H,) from each of them to the nearest training picture."""

    left_out: NDArray[np.float32]
    """(M,) from training pictures to the nearest one of another class, as if their own had been
    left out; empty for a trained network, which has learnt to tell their class from the others."""

    @classmethod
    def kept(cls, key: list[Any], measured: Callable[[], "Reference | None"]) -> "Reference | None":
        """The reference from the cache, where it is put once it has been measured.

        key: everything that decides it.
        """
        name = home.cache_name([_VERSION, *key])
        path = home.cache_dir("references") / f"{name}.npz"
        try:
            with path.open("rb") as file, np.load(file) as found:
                parts = {part: found[part] for part in found.files}
                return cls(
                    **{part: value if value.ndim else value.item() for part, value in parts.items()}
                )
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
            reference = measured()  # nothing is kept, or it was cut off
        if reference is not None:
            # the disk may be full, and the caches may be cleared at this moment
            with contextlib.suppress(OSError), atomic.open_binary(path, durable=False) as new:
                np.savez(new, **vars(reference))
        return reference

    def settings(self) -> dict[str, Any]:
        """Entries of `settings.json`."""
        distances = self.distances.astype(float).round(5).tolist()
        return {
            "threshold": self.threshold,
            "false_alarm_rate": self.false_alarm_rate,
            "num_held_out": len(self.held_out),
            "held_out": list(zip(self.held_out.tolist(), distances, strict=True)),
            "left_out": self.left_out.astype(float).round(4).tolist(),
        }


def affordable(network: Normalised, side: int) -> int:
    """Number of pictures of so many pixels a side that may be looked at.

    It follows from the size of the network and not from its speed, so that an export repeated on
    another machine, or beside other work, gives the same file.
    """
    parameters = sum(each.numel() for each in network.parameters())
    return int(np.clip(_WORK / parameters * (224 / side) ** 2, _FEWEST, _MOST))


@dataclass(frozen=True)
class Pictures:
    """Pictures of an experiment that can be read."""

    pixels: list[NDArray[np.uint8]]
    samples: pd.DataFrame
    """Their rows, with `split` and, if there are any, `fold`."""

    known: NDArray[np.float32] | None = None
    """Their directions in the model of a frozen network; then there are no `pixels`."""

    groups: Groups | None = None
    """Pictures that are not independent."""

    @classmethod
    def read(
        cls,
        samples: pd.DataFrame,
        preprocessed: Callable[[Path], NDArray[np.uint8]],
        number: int,
        known: Callable[[pd.DataFrame], NDArray[np.float32] | None] = lambda _: None,
    ) -> "Pictures":
        """Training and validation pictures, at most so many.

        known: returns directions of samples if no network has to look at them.
        """
        chosen = _choice(samples[samples["split"].isin(["train", "validation"])], number)
        together = groups.of_samples(samples)
        directions = known(chosen)
        if directions is not None:
            return cls([], chosen, directions, together)

        def read(path: str) -> NDArray[np.uint8] | None:
            try:
                return preprocessed(Path(path))
            except (OSError, UnreadablePicture):
                return None

        found = map_in_threads(read, chosen["path"].tolist())
        is_there = np.array([one is not None for one in found], bool)
        return cls([one for one in found if one is not None], chosen[is_there], groups=together)

    def directions(self, network: Normalised) -> NDArray[np.float32]:
        """(N, D), see `familiarity.directions`."""
        if self.known is not None:
            return self.known
        return familiarity.directions(network, self._batches())

    def _batches(self) -> Iterator[torch.Tensor]:
        for start in range(0, len(self.pixels), _BATCH):
            yield torch.from_numpy(model_input(np.stack(self.pixels[start : start + _BATCH])))

    def parts(self, *, by_fold: bool) -> NDArray[np.int64]:
        """(N,): a picture is held out from those of all other parts; -1: from none."""
        if by_fold and "fold" in self.samples:
            return self.samples["fold"].fillna(-1).to_numpy(np.int64)
        return np.where(self.samples["split"] == "validation", 0, -1)


def measure(pictures: Pictures, network: Normalised, *, is_frozen: bool) -> Reference | None:
    """The reference of a model that has not seen the validation pictures; None: too few pictures.

    Args:
        pictures: of the experiment.
        network: on the CPU, in evaluation mode.
        is_frozen: no picture had a part in its features, so that each is held out from others.
    """
    return _measured(pictures, lambda: pictures.directions(network), is_frozen=is_frozen)


def _measured(
    pictures: Pictures, directions: Callable[[], NDArray[np.float32]], *, is_frozen: bool
) -> Reference | None:
    """See `measure`; directions: returns those of the pictures, which takes seconds."""
    parts = pictures.parts(by_fold=is_frozen)
    sample_ids = pictures.samples["id"].to_numpy(np.int64)
    held_out = np.flatnonzero(parts >= 0)
    # the rate of false alarms is that of independent pictures
    held_out = held_out[picture_groups.one_of_each(sample_ids[held_out], pictures.groups)]
    if len(held_out) < _LEAST_HELD_OUT or len(np.unique(parts)) < 2:
        return None
    found = directions()
    distances = familiarity.nearest(found[held_out], found, (parts[held_out], parts))
    threshold, rate = unlike.threshold(distances)
    bank = found if is_frozen else found[parts < 0]
    left_out = np.zeros(0, np.float32)
    if is_frozen and not label_sets.are_in(pictures.samples):
        classes = pictures.samples["label"].factorize()[0]
        left_out = familiarity.nearest(found, found, (classes, classes))
    return Reference(bank, threshold, rate, sample_ids[held_out], distances, left_out)


def refitted(
    pictures: Pictures, before: Normalised, after: Normalised, *, is_frozen: bool
) -> Reference | None:
    """The reference of a model that was fitted again to all pictures.

    None is held out from it: its threshold and distances are those of the model before, times the
    ratio of the usual distances between training pictures in the two models.
    """
    earlier = functools.cache(lambda: pictures.directions(before))
    found = _measured(pictures, earlier, is_frozen=is_frozen)
    if found is None:
        return None
    parts = pictures.parts(by_fold=True)
    rows = np.flatnonzero((pictures.samples["split"] == "train") & (parts >= 0))
    if len(rows) < _LEAST_HELD_OUT or len(np.unique(parts[rows])) < 2:
        return None

    def usual(directions: NDArray[np.float32]) -> float:
        chosen, of_chosen = directions[rows], parts[rows]
        return float(np.median(familiarity.nearest(chosen, chosen, (of_chosen, of_chosen))))

    now = pictures.directions(after)
    ratio = usual(now) / max(usual(earlier()), 1e-9)
    return dataclasses.replace(
        found,
        bank=now,
        threshold=found.threshold * ratio,
        distances=found.distances * ratio,
        left_out=found.left_out * ratio,
    )


def _choice(samples: pd.DataFrame, number: int) -> pd.DataFrame:
    """Some of the samples: two thirds as many of each class as possible, then validation ones."""
    shuffled = samples.sample(frac=1, random_state=0)
    turn = shuffled.groupby("label", dropna=False).cumcount()
    balanced = turn.sort_values(kind="stable").index[: number * 2 // 3]
    left = shuffled.drop(balanced)
    others = (left["split"] != "validation").sort_values(kind="stable").index
    return shuffled.loc[[*balanced, *others[: number - len(balanced)]]]
