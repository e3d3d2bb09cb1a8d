"""Further folds of a fine-tuned trial: it is trained again without some of its training pictures,
and answers for those, so that more pictures say how good it is.

Its model stays the one that was trained first.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from automl.engine import failures, fold_rule, journal, pacing, refit
from automl.engine.refit import Assignment, RefitInputs
from automl.engine.results import Results
from automl.engine.worker_calls import GivenUpError
from automl.evaluation import answers as answers_of
from automl.evaluation.metrics import classification_metrics
from automl.experiments import store
from automl.experiments.records import Evidence, TrialRecord
from automl.jobs import plan_text
from automl.texts import mark
from automl.training.trial_data import TrialData

if TYPE_CHECKING:
    from automl.evaluation.predictions import Predictions

_log = logging.getLogger(__name__)

Answer = Callable[[Assignment, Callable[[], None]], "Predictions"]
"""Trains, and answers for the validation pictures; calls the second argument as `refit.Fit`."""


def add(inputs: RefitInputs, results: Results, answer: Answer | None = None) -> None:
    """Add folds while the rule asks for them and time is left.

    Args:
        inputs: the data, and the share of the machine.
        results: have the trials, and get their answers.
        answer: in a worker if left out.
    """
    if not inputs.job.is_automode:
        return
    while (trial := fold_rule.uncertain(results)) is not None:
        try:
            if not _add_one(trial, inputs, results, answer or _in_a_worker):
                return
        except GivenUpError as reason:
            _note(results, trial, str(reason))
            return
        except Exception as error:  # noqa: BLE001 (the search is complete without it)
            _log.exception("a fine-tuned trial gets no further fold")
            _note(results, trial, failures.cause_of(error))
            return


def _add_one(trial: TrialRecord, inputs: RefitInputs, results: Results, answer: Answer) -> bool:
    """Add a fold; False if there is none left, or no time for it."""
    path = store.predictions_path(results.experiment_dir, trial.trial_id)
    known = store.load_predictions(path)
    data = _next(refit.data_of(trial, inputs).turns(), known)
    if data is None:
        return False
    needed = pacing.fold_seconds(trial)
    kept = 0.0 if inputs.job.refit == "never" else refit.seconds_needed(trial, inputs)
    left = results.time_limit.seconds_left() - refit.export_seconds(inputs, results)
    if needed + kept > left:
        return False
    results.update(
        message=mark(
            "Training {trial} again without {pictures} other pictures, to see how it does on them: "
            "about {time}."
        ).format(
            trial=trial.trial_id,
            pictures=f"{len(data.validation.labels):,}",
            time=plan_text.about(needed),
        )
    )
    given = answer(refit.assigned(trial, data, inputs), refit.giving_up(needed, inputs, results))
    _record(trial, known.joined(given), results)
    return True


def _next(turns: Sequence[TrialData], known: "Predictions") -> TrialData | None:
    """The first whose pictures have no answer yet."""
    left = (one for one in turns if not np.isin(one.validation.sample_ids, known.sample_ids).any())
    return next(left, None)


def _record(trial: TrialRecord, predictions: "Predictions", results: Results) -> None:
    before = trial.validated()
    assert before is not None
    scores = {
        "metrics": classification_metrics(predictions.probabilities, predictions.labels),
        "valid_loss": float(answers_of.losses(predictions).mean()),
    }
    num_folds = 1 + (trial.evidence.further_folds if trial.evidence else 0)
    evidence = Evidence(num_pictures=len(predictions.labels), further_folds=num_folds)
    with journal.scratch(results.experiment_dir) as folder:
        path = Path(folder) / "predictions.parquet"
        store.save_predictions(path, predictions)
        results.answered(trial.trial_id, path, before.model_copy(update=scores), evidence)


def _in_a_worker(assignment: Assignment, give_up_if_over: Callable[[], None]) -> "Predictions":
    found: Predictions = refit.in_a_worker(assignment, give_up_if_over, refit.answers_here)
    return found


def _note(results: Results, trial: TrialRecord, reason: str) -> None:
    sentence = mark("{trial} was not tried on further pictures: {reason}").format(
        trial=trial.trial_id, reason=reason
    )
    results.add_notes(sentence)
