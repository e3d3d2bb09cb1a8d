"""Add the decisions about doubtful labels to the corrections of a job."""

from collections.abc import Mapping

from automl.experiments.decisions import Question
from automl.jobs.job import Job

KEEP, LEAVE_OUT = "keep", "leave out"

Answer = str | list[str]
"""`KEEP`, `LEAVE_OUT`, the right class, or the right labels."""


def by_picture(
    decisions: Mapping[Question, str], labels: Mapping[str, list[str]]
) -> dict[str, Answer]:
    """Changes of each picture by the decisions, by its SHA-256.

    Args:
        decisions: `KEEP`, `LEAVE_OUT` or the class that is right; about a label of a set, its name
            means that the label is added where it is missing and removed where it is.
        labels: labels of each picture by its SHA-256; empty where pictures have one class.
    """
    after: dict[str, Answer] = {}
    for (content, label), decision in decisions.items():
        before = after.get(content, labels.get(content))
        if decision == KEEP:
            continue
        if decision == LEAVE_OUT or before == LEAVE_OUT:
            after[content] = LEAVE_OUT
        elif isinstance(before, list):
            others = [each for each in before if each != label]
            after[content] = others if label in before else [*others, label]
        else:
            after[content] = decision
    return after


def job_with(job: Job, answers: Mapping[str, Answer]) -> Job:
    """Return a copy of the job with the answers in its corrections and without a name.

    Args:
        job: job of the experiment.
        answers: SHA-256 of a picture -> what is right about it.
    """
    before = job.corrections
    excluded = [content for content, answer in answers.items() if answer == LEAVE_OUT]
    relabelled = {
        content: answer for content, answer in answers.items() if answer not in (KEEP, LEAVE_OUT)
    }
    kept = {name: labels for name, labels in before.relabel.items() if name not in answers}
    corrections = before.model_copy(
        update={
            "relabel": {**kept, **relabelled},
            "exclude": list(dict.fromkeys([*before.exclude, *excluded])),
        }
    )
    return job.model_copy(update={"corrections": corrections, "name": None})
