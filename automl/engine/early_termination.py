"""The early-termination policy of a job as a Ray Tune scheduler."""

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from automl.engine import lagging
from automl.engine.policies import reason_to_stop
from automl.engine.results import Results
from automl.engine.trainable import id_of
from automl.jobs.sweep import Policy


class EarlyTermination(FIFOScheduler):  # type: ignore[misc]
    """Stops the trials that the policy stops, and keeps the reasons.

    The scores are those of the results, so a resumed search also compares with the trials before.
    """

    def __init__(
        self, policy: Policy | None, results: Results, *, compares_with_best: bool = False
    ) -> None:
        """Begin without reasons.

        Args:
            policy: of the job, if any.
            results: of the search.
            compares_with_best: stop trainings that are far behind the best trial, too, which may
                be a model on frozen features.
        """
        super().__init__()
        self.reasons: dict[str, str] = {}
        """By trial id, until the trial has ended."""

        self._policy, self._results = policy, results
        self._compares_with_best = compares_with_best

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Tune's decision after a report: go on or stop."""
        metric = self._results.primary_metric
        score = result.get(f"evaluation/metrics/{metric}")
        if self._policy is None or score is None:
            return str(TrialScheduler.CONTINUE)
        trial_id = id_of(trial)
        # The results get this score only after the scheduler. A worker that replaced a dead one
        # may report an evaluation for the second time: the first report does not count.
        earlier = [
            evaluation.metrics[metric]
            for evaluation in self._results.trials[trial_id].evaluations
            if evaluation.epoch < result["evaluation/epoch"]
        ]
        scores = {**self._results.scores, trial_id: [*earlier, score]}
        reason = reason_to_stop(self._policy, metric, scores, trial_id)
        if reason is None and self._compares_with_best:
            epoch = result["evaluation/epoch"]
            reason = lagging.reason_to_stop(self._results, trial_id, epoch, score)
        if reason is None:
            self.reasons.pop(trial_id, None)  # from a report whose worker died before it counted
            return str(TrialScheduler.CONTINUE)
        self.reasons[trial_id] = reason
        return str(TrialScheduler.STOP)
