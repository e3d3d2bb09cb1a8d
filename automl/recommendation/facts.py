"""Facts behind a recommendation, read from the experiment directory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from automl.dataset.report import DatasetReport
from automl.evaluation import doubtful_labels
from automl.evaluation.constant_answer import ConstantAnswer
from automl.evaluation.predictions import Predictions
from automl.experiments import expectation, leaderboard, store, ties
from automl.experiments.records import ExperimentRecord, TestOpening, TrialRecord
from automl.jobs.job import Job


@dataclass(frozen=True)
class Facts:
    """All that the rules look at."""

    record: ExperimentRecord
    job: Job
    trials: Sequence[TrialRecord]
    best: TrialRecord
    p_values: Mapping[str, float | None] = field(default_factory=dict)
    """p-value of each trial against the best one, by trial id (see `ties.p_values`)."""

    predictions: Predictions | None = None
    """Answers of the best trial."""

    class_names: Sequence[str] = ()
    """By class index."""

    constant: ConstantAnswer | None = None
    num_doubtful: int = 0
    """Number of pictures with labels that the best trials agree to be wrong."""

    report: DatasetReport | None = None
    opening: TestOpening | None = None

    @property
    def metric(self) -> str:
        """Key of the primary metric."""
        return self.job.primary_metric

    @property
    def is_better_than_constant(self) -> bool:
        """False if always answering the most frequent class is as good."""
        return self.constant is None or self.constant.is_beaten


def collect(  # noqa: PLR0913
    experiment_dir: Path,
    record: ExperimentRecord,
    job: Job,
    trials: Sequence[TrialRecord],
    p_values: Mapping[str, float | None] | None = None,
    load: Callable[[Path], Predictions] | None = None,
) -> Facts | None:
    """Read what is known about an experiment that has ended; None if no trial is the best.

    Args:
        experiment_dir: its directory.
        record: its record.
        job: its job.
        trials: its trials.
        p_values: against the best trial, by trial id; computed if left out.
        load: reads the answers of a trial, for a page that has read them already.
    """
    metric = job.primary_metric
    ranked = leaderboard.by_score(trials, metric)
    best = next((trial for trial in ranked if trial.trial_id == record.best_trial), None)
    if best is None:
        return None
    if p_values is None:
        p_values = ties.p_values(experiment_dir, trials, metric)
    load = load or store.load_predictions
    answers = _same_answers(experiment_dir, [best, *(t for t in ranked if t is not best)], load)
    constant = None
    if answers:
        constant = expectation.constant_answer(experiment_dir, metric, answers[0], trials)
    return Facts(
        record=record,
        job=job,
        trials=trials,
        best=best,
        p_values=p_values,
        predictions=answers[0] if answers else None,
        class_names=_class_names(experiment_dir),
        constant=constant,
        num_doubtful=_num_doubtful(answers),
        report=store.load_report(experiment_dir),
        opening=store.load_test_opening(experiment_dir),
    )


def _same_answers(
    experiment_dir: Path,
    ranked: Sequence[TrialRecord],
    load: Callable[[Path], Predictions],
) -> list[Predictions]:
    """Answers of the best trials for the same pictures, the first of all first; as many as
    `doubtful_labels` takes."""
    found: list[Predictions] = []
    for trial in ranked[: ties.MAX_COMPARED]:
        path = store.predictions_path(experiment_dir, trial.trial_id)
        answers = load(path) if path.is_file() else None
        if answers is None and not found:
            return []
        if answers and (not found or answers.is_about_the_same_as(found[0])):
            found.append(answers)
        if len(found) == doubtful_labels.MAX_TRIALS:
            break
    return found


def _num_doubtful(answers: Sequence[Predictions]) -> int:
    if len(answers) < 2:
        return 0
    probabilities = [each.probabilities for each in answers]
    suspects = doubtful_labels.suspects(probabilities, answers[0].labels)
    return len({suspect.position for suspect in suspects})


def _class_names(experiment_dir: Path) -> list[str]:
    if not store.samples_path(experiment_dir).is_file():
        return []
    return store.class_names(store.load_samples(experiment_dir))
