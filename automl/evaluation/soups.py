"""Choice among models whose weights are averages of those of trials. Pure.

Wortsman et al., Model soups: averaging weights of multiple fine-tuned models improves accuracy
without increasing inference time, 2022. Of a few trials every average can be tried, so that there
is no need to add them one by one.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from automl.evaluation import ensembles, picture_groups, thresholds
from automl.evaluation.ensembles import Ensemble
from automl.evaluation.picture_groups import Groups
from automl.evaluation.predictions import Predictions, in_common

Ingredients = tuple[str, ...]
"""Ids of the trials whose weights are averaged; a single one is the trial itself."""


def find(
    metric: str,
    answers: Mapping[Ingredients, Predictions],
    groups: Groups | None = None,
    *,
    seed: int = 0,
) -> Ensemble | None:
    """The best average of weights, judged on pictures that it was not chosen by.

    Its answers come from cross-validation, as those of `ensembles.find`: those for a fold of the
    pictures are given by the model that is best on the other folds, and they are compared with
    those of the single trial that is best there.

    Args:
        metric: key of a primary metric.
        answers: of the trials and of their averages, for the same pictures.
        groups: pictures of one stay in one fold.
        seed: of the folds.

    Returns:
        None if a single trial is the best, or there are too few pictures to tell.
    """
    names = list(answers)
    aligned = in_common(*answers.values())
    labels = aligned[0].labels
    if len(labels) < ensembles.MIN_PICTURES:
        return None
    folds = picture_groups.folds(aligned[0].sample_ids, groups, np.random.default_rng(seed))
    probabilities = np.stack([each.probabilities for each in aligned])
    as_ranked = [thresholds.as_handed_out(metric, each, groups) for each in aligned]
    moved = np.stack([each.probabilities for each in as_ranked])
    every, single = range(len(names)), [i for i, name in enumerate(names) if len(name) == 1]
    best = names[_best(metric, moved, labels, every)]
    if len(best) == 1 or folds.max() < 1:
        return None
    mixed, alone = np.empty_like(probabilities[:2])
    for fold in range(folds.max() + 1):
        others, mine = folds != fold, folds == fold
        seen = moved[:, others], labels[others]
        mixed[mine] = probabilities[_best(metric, *seen, every), mine]
        alone[mine] = probabilities[_best(metric, *seen, single), mine]
    weights = {trial_id: 1 / len(best) for trial_id in best}
    answers_of = (Predictions(aligned[0].sample_ids, labels, each) for each in (mixed, alone))
    return ensembles.judged(metric, weights, *answers_of, groups=groups)


def _best(
    metric: str,
    probabilities: NDArray[np.float32],
    labels: NDArray[np.integer],
    among: Iterable[int],
) -> int:
    """Index of the model with the best score, of equal ones with the highest likelihood.

    Args:
        metric: key of a primary metric.
        probabilities: (M, N, K).
        labels: (N,).
        among: indices of the models to choose from.
    """
    return max(among, key=lambda index: ensembles.quality(metric, probabilities[index], labels))
