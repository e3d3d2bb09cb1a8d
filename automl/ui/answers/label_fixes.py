"""Add the decisions about doubtful labels to the corrections of a job."""

from collections.abc import Mapping

from automl.jobs.job import Job

KEEP, LEAVE_OUT = "keep", "leave out"


def job_with(job: Job, decisions: Mapping[str, str]) -> Job:
    """Return a copy of the job with the decisions in its corrections and without a name.

    Args:
        job: job of the experiment.
        decisions: SHA-256 of a picture -> `KEEP`, `LEAVE_OUT` or the right label.
    """
    before = job.corrections
    excluded = [content for content, decision in decisions.items() if decision == LEAVE_OUT]
    relabelled = {
        content: decision
        for content, decision in decisions.items()
        if decision not in (KEEP, LEAVE_OUT)
    }
    kept = {name: labels for name, labels in before.relabel.items() if name not in decisions}
    corrections = before.model_copy(
        update={
            "relabel": {**kept, **relabelled},
            "exclude": list(dict.fromkeys([*before.exclude, *excluded])),
        }
    )
    return job.model_copy(update={"corrections": corrections, "name": None})
