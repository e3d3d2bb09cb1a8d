"""Regret of the choice among probes that contain each other: `python -m benchmarks.probe_choice`.

Probes of one network, of two and of three, plain and with mirror images, are fitted to a few
pictures of a real set, and one of them is chosen by their out-of-fold answers. The regret is the
accuracy of the best one on other pictures, less that of the chosen one. Sets and features are those
of `benchmarks.frozen_features`.

With `--given` a fold of the pictures is given for validation, and the probes are fitted to the
others: their out-of-fold answers count beside those for the given pictures, or the latter alone.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from automl.evaluation import comparable_scores, expected_score  # noqa: E402
from automl.evaluation.answers import losses  # noqa: E402
from automl.evaluation.comparable_scores import Candidate  # noqa: E402
from automl.evaluation.predictions import Predictions  # noqa: E402
from automl.experiments import probe_parts  # noqa: E402
from automl.jobs.automode import joined  # noqa: E402
from automl.model import cross_validated_probe  # noqa: E402
from benchmarks import draws, frozen_features  # noqa: E402
from benchmarks.draws import Draw  # noqa: E402
from benchmarks.frozen_features import NETWORKS, THIRD_NETWORK, FrozenSet  # noqa: E402

SETS = (
    *("sign_digits", "mnist_5k", "trashnet", "fridge_objects"),
    *("sign_digits:1,2,3,4", "mnist_5k:3,5,8"),
    *("trashnet:glass,metal,plastic", "trashnet:cardboard,paper,trash"),
)
_DRAWS = {150: 5, 400: 3, 1000: 2}
_DRAWS_WITH_GIVEN = {400: 3, 1000: 2, 2000: 2}
_ALL = (*NETWORKS, THIRD_NETWORK)


class Choice(NamedTuple):
    """A probe that a rule has chosen."""

    rule: str
    set_name: str
    size: int
    regret: float
    looks: int
    """Number of times that a network looks at a picture."""


class _Row(NamedTuple):
    """A probe: its out-of-fold answers, and its accuracy on the other pictures."""

    candidate: Candidate
    on_given: Candidate
    """The same with the answers for the given pictures alone; all if none are given."""

    values: dict[str, Any]
    accuracy: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probe_choice")
    parser.add_argument("--given", action="store_true", help="with validation pictures")
    has_given = parser.parse_args().given
    torch.set_num_threads(1)
    table = pd.DataFrame(choices(has_given=has_given), columns=pd.Index(Choice._fields))
    by_size = table.groupby(["rule", "size"])
    regret = by_size["regret"].agg(["mean", "sem", "max", "count"])
    print(regret.join(by_size["looks"].mean()).round(4).to_string())
    print(table.groupby(["rule", "set_name"])["regret"].mean().round(4).unstack(0).to_string())


def choices(*, has_given: bool) -> Iterator[Choice]:
    for name in SETS:
        plain, mirrored = (
            frozen_features.load(name, _ALL, is_mirrored=each) for each in (False, True)
        )
        if plain is None or mirrored is None:
            continue
        for drawn in draws.draws(plain.labels, _DRAWS_WITH_GIVEN if has_given else _DRAWS):
            is_given = (drawn.folds == 0) & has_given
            rows = _rows(plain, mirrored, drawn, is_given)
            most = max(row.accuracy for row in rows)
            for rule, row in _chosen(rows).items():
                regret = most - row.accuracy
                yield Choice(rule, name, len(drawn.labels), regret, int(row.candidate.cost[0]))


def _rows(
    plain: FrozenSet, mirrored: FrozenSet, drawn: Draw, is_given: NDArray[np.bool_]
) -> list[_Row]:
    """Probes of each network, of the best two and of all, the last ones of each with mirror
    images, too."""

    def row(names: Sequence[str], copies: FrozenSet | None = None) -> _Row:
        return _row(plain, copies, drawn, is_given, names)

    single = [row((name,)) for name in _ALL]
    ranked = sorted(single, key=lambda one: -_own(one))
    names = [one.values["model_name"] for one in ranked]
    larger = [names[:number] for number in (1, 2, 3)]
    return [*single, *map(row, larger[1:]), *(row(each, mirrored) for each in larger)]


def _row(
    plain: FrozenSet,
    mirrored: FrozenSet | None,
    drawn: Draw,
    is_given: NDArray[np.bool_],
    names: Sequence[str],
) -> _Row:
    values: dict[str, Any] = {"method": "linear_probe", "model_name": names[0]}
    if len(names) > 1:
        values = joined(values, names)
    trains = np.flatnonzero(~is_given)
    features = asked = _side_by_side(plain, names)
    copies = None
    if mirrored is not None:
        values["mirrored_features"] = True
        of_mirrored = _side_by_side(mirrored, names)
        copies, asked = of_mirrored[drawn.fitted[trains]], (features + of_mirrored) / 2
    found = cross_validated_probe.fit(
        features[drawn.fitted[trains]],
        drawn.labels[trains],
        drawn.folds[trains] - int(is_given.any()),
        drawn.num_classes,
        mirrored=copies,
    )
    accuracy = drawn.accuracy(found.probe.probabilities(asked[drawn.asked]))
    answers = Predictions(trains, drawn.labels[trains], found.probabilities)
    on_given = answers
    if is_given.any():
        given = np.flatnonzero(is_given)
        probabilities = found.probe.probabilities(asked[drawn.fitted[given]])
        on_given = Predictions(given, drawn.labels[given], probabilities)
        answers = answers.joined(on_given)
    candidate, alone = (
        Candidate(repr(values), each, cost=(probe_parts.num_looks(values),))
        for each in (answers, on_given)
    )
    return _Row(candidate, alone, values, accuracy)


def _side_by_side(frozen: FrozenSet, names: Sequence[str]) -> Any:
    return np.concatenate([frozen.features[name] for name in names], axis=1)


def _own(row: _Row) -> float:
    answers = row.candidate.predictions
    return float((answers.predicted == answers.labels).mean())


def _chosen(rows: list[_Row]) -> dict[str, _Row]:
    """By the name of a rule."""
    by_id = {row.candidate.trial_id: row for row in rows}
    values = {trial_id: row.values for trial_id, row in by_id.items()}
    return {
        "of the product": by_id[_of_product([row.candidate for row in rows], values)],
        "by the given pictures alone": by_id[_of_product([row.on_given for row in rows], values)],
        "best score, then cost": max(rows, key=lambda row: (_own(row), -row.candidate.cost[0])),
        "least loss": min(rows, key=lambda row: losses(row.candidate.predictions).mean()),
    }


def _of_product(candidates: list[Candidate], values: dict[str, dict[str, Any]]) -> str:
    in_doubt = probe_parts.not_better("accuracy", candidates, values)
    comparison = comparable_scores.compare(
        "accuracy", [each for each in candidates if each.trial_id not in in_doubt]
    )
    assert comparison is not None
    return comparison.rows[expected_score.choose(comparison)].trial_id


if __name__ == "__main__":
    main()
