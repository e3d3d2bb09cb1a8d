from pathlib import Path

from automl.jobs.estimate import MODULE, Estimate
from automl.jobs.job import Job
from automl.ui.side_work import SideWorks
from tests.small_training import TINY


def job(folder: Path) -> Job:
    given = {"path": str(folder)}
    return Job.from_dict({"training_data": given, "training_parameters": TINY})


def test_work_goes_on_beside_the_page_one_piece_at_a_time(shapes: Path) -> None:
    works = SideWorks(MODULE, Estimate)
    work = works.begin("a", job(shapes))
    assert work is not None
    assert works.begin("a", job(shapes)) is work
    assert works.begin("b", job(shapes)) is None
    work.process.is_running(wait_seconds=120)
    assert not work.is_running()
    assert work.answer is not None
    assert [one.model_name for one in work.answer.measured] == ["test_resnet"]


def test_what_is_cancelled_leaves_no_process_and_can_begin_again(shapes: Path) -> None:
    works = SideWorks(MODULE, Estimate)
    work = works.begin("a", job(shapes))
    assert work is not None
    work.cancel()
    assert not work.process.is_running()
    assert (work.answer, work.refusal, works.running()) == (None, "", [])
    again = works.begin("a", job(shapes))
    assert again is not None
    assert again is not work
    again.cancel()


def test_work_without_an_answer_in_its_time_is_refused_in_a_sentence(shapes: Path) -> None:
    works = SideWorks(MODULE, Estimate, limit_seconds=0)
    work = works.begin("a", job(shapes))
    assert work is not None
    assert not work.is_running()
    assert "no answer within 0 s" in work.refusal
    assert not work.process.is_running()
    again = works.begin("a", job(shapes))
    assert again is not None
    assert again is not work
    again.cancel()
