"""The early-termination policy of a job as a Ray Tune scheduler."""

from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from automl.engine.planning import PlannedTrial
from automl.engine.policies import Scores, reason_to_stop, rung_cutoff
from automl.engine.results import Results
from automl.jobs.sweep import Asha, Policy

_NEVER = 10**9  # evaluations after which ASHA would end any trial


def id_of(trial: Trial) -> str:
    """Ours of Ray's trial."""
    return PlannedTrial.from_text(trial.config["trial"]).trial_id


class EarlyTermination(FIFOScheduler):  # type: ignore[misc]
    """Stops what the policy stops, and keeps the reason until the trial has ended.

    What the trials have scored is taken from the results, so that a resumed search compares with
    what was there before.
    """

    def __init__(self, policy: Policy | None, results: Results) -> None:
        super().__init__()
        self.reasons: dict[str, str] = {}
        self._policy, self._results = policy, results
        self._halving = Halving(policy, results.scores) if isinstance(policy, Asha) else None

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        metric = self._results.primary_metric
        score = result.get(f"evaluation/metrics/{metric}")
        if self._policy is None or score is None:
            return str(TrialScheduler.CONTINUE)
        trial_id = id_of(trial)
        # the results learn of this score after the scheduler; a worker that took over from one
        # that died may report an evaluation again
        own = [
            evaluation.metrics[metric]
            for evaluation in self._results.trials[trial_id].evaluations
            if evaluation.epoch < result["evaluation/epoch"]
        ]
        scores = {**self._results.scores, trial_id: [*own, score]}
        if self._halving is not None:
            reason = self._halving.reason_to_stop(metric, scores, trial_id)
        else:
            assert not isinstance(self._policy, Asha)
            reason = reason_to_stop(self._policy, metric, scores, trial_id)
        if reason is None:
            self.reasons.pop(trial_id, None)  # of a report whose worker died before it counted
            return str(TrialScheduler.CONTINUE)
        self.reasons[trial_id] = reason
        return str(TrialScheduler.STOP)


class Halving:
    """Ray's ASHA, told what was scored before a resume and asked for the numbers it compared."""

    def __init__(self, policy: Asha, scores: Scores) -> None:
        self._policy = policy
        self._asha = ASHAScheduler(
            time_attr="evaluations",
            metric="score",
            mode="max",
            max_t=_NEVER,
            grace_period=policy.delay_evaluation,
            reduction_factor=policy.reduction_factor,
        )
        self._known: set[str] = set()
        for trial_id, values in scores.items():
            for count in range(1, len(values) + 1):
                self._decide(trial_id, values[:count])

    def reason_to_stop(self, metric: str, scores: Scores, trial_id: str) -> str | None:
        """Why the trial does not go on from its rung; None while it may go on."""
        values = scores[trial_id]
        if self._decide(trial_id, values) != TrialScheduler.STOP:
            return None
        cutoff = rung_cutoff(self._policy, scores, trial_id)
        return (
            f"Stopped by ASHA at evaluation {len(values)}: {metric} {values[-1]:.4g} is below "
            f"{cutoff:.4g}, what the best 1 in {self._policy.reduction_factor:g} trials had there."
        )

    def _decide(self, trial_id: str, values: Any) -> str:
        trial = SimpleNamespace(trial_id=trial_id)
        if trial_id not in self._known:
            self._known.add(trial_id)
            self._asha.on_trial_add(None, trial)
        result = {"evaluations": len(values), "score": values[-1]}
        return str(self._asha.on_trial_result(None, trial, result))
