"""Decisions about doubtful labels, as the same job with other corrections."""

from collections.abc import Mapping

from automl.jobs.job import Job

KEEP, LEAVE_OUT = "keep", "leave out"


def job_with(job: Job, decisions: Mapping[str, str]) -> Job:
    """The job with what was decided added to its corrections, without a name of its own.

    Args:
        job: as it was run.
        decisions: SHA-256 of a picture -> `KEEP`, `LEAVE_OUT` or the right label.
    """
    before = job.corrections
    excluded = [content for content, what in decisions.items() if what == LEAVE_OUT]
    relabelled = {
        content: what for content, what in decisions.items() if what not in (KEEP, LEAVE_OUT)
    }
    kept = {name: label for name, label in before.relabel.items() if name not in decisions}
    corrections = before.model_copy(
        update={
            "relabel": {**kept, **relabelled},
            "exclude": list(dict.fromkeys([*before.exclude, *excluded])),
        }
    )
    return job.model_copy(update={"corrections": corrections, "name": None})
