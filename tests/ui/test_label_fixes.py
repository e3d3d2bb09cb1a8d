from pathlib import Path

from automl.jobs.corrections import Corrections
from automl.jobs.data_source import DataSource
from automl.jobs.job import Job
from automl.ui.answers import label_fixes

FIRST, SECOND, THIRD = (digit * 64 for digit in "abc")


def job(**corrections):
    source = DataSource(path=Path("/data/pets"))
    return Job(training_data=source, corrections=Corrections(**corrections), name="mine")


def test_decisions_join_the_corrections_that_were_there():
    before = job(exclude=["cat/0.png"], relabel={"cat/1.png": "dog"}, leaked="drop")
    after = label_fixes.job_with(
        before, {FIRST: "dog", SECOND: label_fixes.LEAVE_OUT, THIRD: label_fixes.KEEP}
    )
    assert after.corrections.relabel == {"cat/1.png": "dog", FIRST: "dog"}
    assert after.corrections.exclude == ["cat/0.png", SECOND]
    assert after.corrections.leaked == "drop"
    assert after.name is None
    assert before.corrections.exclude == ["cat/0.png"]


def test_a_decision_replaces_an_earlier_one_about_the_same_picture():
    after = label_fixes.job_with(job(relabel={FIRST: "dog"}), {FIRST: label_fixes.LEAVE_OUT})
    assert after.corrections.relabel == {}
    assert after.corrections.exclude == [FIRST]


def test_labels_of_a_set_are_decided_one_by_one():
    decisions = {
        (FIRST, "dog"): "dog",
        (FIRST, "cat"): "cat",
        (SECOND, "cat"): label_fixes.KEEP,
        (THIRD, "owl"): "owl",
        (THIRD, "cat"): label_fixes.LEAVE_OUT,
    }
    sets = {FIRST: ["cat", "owl"], SECOND: ["cat"], THIRD: []}
    after = label_fixes.by_picture(decisions, sets)
    assert after == {FIRST: ["owl", "dog"], THIRD: label_fixes.LEAVE_OUT}
    assert label_fixes.job_with(job(), after).corrections.relabel == {FIRST: ["owl", "dog"]}
    assert label_fixes.by_picture({(FIRST, ""): "dog"}, {}) == {FIRST: "dog"}
