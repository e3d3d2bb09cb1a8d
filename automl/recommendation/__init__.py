"""Recommendation of a model and of the next steps, in sentences from what was computed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from automl.recommendation.clause import Clause, Recommendation, Target

if TYPE_CHECKING:
    from automl.evaluation.predictions import Predictions
    from automl.experiments.records import ExperimentRecord, TrialRecord
    from automl.jobs.job import Job

__all__ = ["Clause", "Recommendation", "Target", "of_experiment"]


def of_experiment(  # noqa: PLR0913
    experiment_dir: Path,
    record: "ExperimentRecord",
    job: "Job",
    trials: "Sequence[TrialRecord]",
    p_values: Mapping[str, float | None] | None = None,
    load: "Callable[[Path], Predictions] | None" = None,
) -> Recommendation | None:
    """The recommendation for an experiment; None until it has ended, or without a best trial.

    The arguments are those of `facts.collect`.
    """
    if not record.state.is_finished:
        return None
    from automl.recommendation import advice, facts  # slow to import

    found = facts.collect(experiment_dir, record, job, trials, p_values, load)
    return None if found is None else advice.recommend(found)
