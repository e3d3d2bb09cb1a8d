"""Read what a server has kept, and compare its answers with those at validation."""

from pathlib import Path

import numpy as np

from automl.errors import ServingError
from automl.evaluation import drift, picture_groups
from automl.evaluation.drift import Answers, Drift
from automl.experiments import groups, store
from automl.host import json_lines
from automl.prediction.inference import Predictor
from automl.serving import keeping
from automl.serving.keeping import ANSWERS, PICTURES, KeptAnswer


def answers(folder: Path) -> list[KeptAnswer]:
    """The answers in a folder, the oldest first; a line that is cut off is left out.

    Raises:
        ServingError: there are none.
    """
    try:
        return list(json_lines.read(folder / ANSWERS, KeptAnswer))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and (folder / PICTURES).is_dir():
            raise ServingError(
                f"{folder} has no answers yet: the server has been asked about no picture."
            ) from error
        raise ServingError(
            f"{folder} has no {ANSWERS} that can be read ({error.strerror or error}). Give the "
            "folder of automl serve --keep."
        ) from error


def drift_of(folder: Path, experiment_dir: Path) -> Drift | None:
    """Drift of the answers of an experiment's best model; None with too few.

    Raises:
        ServingError: the folder has no answers of the model.
        UserError: the model or its predictions cannot be read, or it predicts any number of labels.
    """
    model = Predictor(store.best_model_dir(experiment_dir))
    if model.has_label_sets:
        raise ServingError(
            "The answers have any number of labels, and changes are tested for one label a "
            "picture only."
        )
    seen = [
        each
        for each in answers(folder)
        if each.trial == model.trial_id and each.experiment in ("", model.experiment)
    ]
    if not seen:
        raise ServingError(
            f"{folder} has no answers of {model.trial_id}, the best trial of "
            f"{experiment_dir.name}. Give the experiment whose model was served."
        )
    path = store.predictions_path(experiment_dir, model.trial_id)
    if not path.is_file():
        raise ServingError(
            f"{experiment_dir.name} has no answers of {model.trial_id} at validation any more, so "
            "there is nothing to compare with."
        )
    scored = store.load_predictions(path)
    held_out = dict(model.unlike.held_out if model.unlike else ())
    distances = np.array([held_out.get(each, np.nan) for each in scored.sample_ids.tolist()])
    # the tests count one picture of each group: one with a distance, if there is any
    order = np.argsort(np.isnan(distances), kind="stable")
    order = order[picture_groups.one_of_each(scored.sample_ids[order], groups.of(experiment_dir))]
    scored, distances = scored.at(order), distances[order]
    reference = Answers(
        [model.labels[index] for index in scored.predicted.tolist()],
        scored.probabilities.max(axis=1).astype(np.float64),
        distances=distances,
    )
    distances = np.array([each.distance for each in seen], np.float64)  # None becomes NaN
    in_use = Answers(
        [each.label for each in seen],
        np.array([each.probability for each in seen]),
        None if model.unlike is None else distances > model.unlike.threshold,
        distances,
    )
    rate = None if model.unlike is None else model.unlike.false_alarm_rate
    total = keeping.counted(seen).total()
    found = drift.drift(reference, in_use, rate, num_answers=total)
    if found is None:
        return None
    end = len(seen) - found.num_newer
    recent = seen[end - found.num_recent : end]
    return found.model_copy(update={"first": recent[0].time, "last": recent[-1].time})
