"""Pictures are labelled one by one."""

import shutil
from pathlib import Path

import pytest

from automl.access import audit
from automl.evaluation.label_next import LabelNext
from automl.ui.dataset import labelling
from automl.ui.side_work import SideWorks
from tests.pages.conftest import texts


@pytest.fixture
def rankings(monkeypatch) -> SideWorks[LabelNext]:
    works = SideWorks("tests.pages.ranked", LabelNext)
    monkeypatch.setattr(labelling, "rankings", lambda: works)
    return works


@pytest.fixture
def pictures(make_pictures) -> Path:
    return make_pictures()


@pytest.fixture
def new(pictures, tmp_path) -> Path:
    """Four pictures without a label."""
    folder = tmp_path / "new"
    folder.mkdir()
    for number in range(4):
        shutil.copy(pictures / "dog" / f"{number}.png", folder)
    return folder


def click(page, label):
    next(button for button in page.button if button.label == label).click().run()


def wait(page, rankings):
    """Draw the page with the ranking that it has asked for."""
    work = rankings.of(page.session_state["batch of pictures to label"].key)
    if work.is_running():
        work.process.is_running(wait_seconds=30)
    page.run()


def test_pictures_get_labels_by_keys_and_it_is_undone(
    open_page, pictures, new, rankings, monkeypatch
):
    monkeypatch.setattr(labelling, "BATCH", 3)
    page = open_page("label", data=str(pictures), place=str(new))
    click(page, "Rank the pictures")
    wait(page, rankings)
    labelling.undo(labelling.Batch(new, "none"))  # nothing was decided, and nothing is undone
    assert "3 pictures to label" in texts(page)
    page.button(key="label by the guess").click()
    page.button(key="label 2").click().run()  # pressed before the next picture was drawn
    assert "2 pictures to label" in texts(page)
    click(page, "Skip")
    page.button(key="label 2").click().run()
    assert "2 pictures labelled" in page.success[0].value
    page.button(key="undo the last label").click().run()
    page.selectbox(key=f"other class of {new}/2.png").set_value("dog").run()
    assert "2 pictures added" in texts(page.run())
    click(page, "Next pictures")
    wait(page, rankings)
    key = f"corrections of {pictures}"
    given = page.session_state[key]
    named = {**given.add, f"{new}/0.png": "a new one"}
    page.session_state[key] = given.model_copy(update={"add": named})
    page.run()
    keys = [page.button(key=f"label {number}").label for number in (1, 2, 3)]
    assert keys == ["cat", "dog", "a new one"]  # no key has changed its class
    # neither those with a label nor the one that was skipped
    assert "1 picture to label" in texts(page)
    entries = [each for each in audit.read() if each.action == "label"]
    assert [each.details["place"] for each in entries] == [str(new)] * 2


def test_pictures_get_labels_that_keys_turn_on_and_off(open_page, pictures, new, rankings):
    rows = [f"{name}/{n}.png,{name};animal" for name in ("cat", "dog") for n in range(4)]
    (pictures / "labels.csv").write_text("\n".join(["image,label", *rows]))
    task = "image_classification_multilabel"
    page = open_page("label", data=str(pictures / "labels.csv"), place=str(new), task=task)
    click(page, "Rank the pictures")
    wait(page, rankings)
    assert "The model is least sure of dog: 50%" in texts(page).replace("\\", "")
    page.button(key="label 1").click().run()  # animal
    page.button(key="label 2").click().run()  # cat, which the guess has
    assert page.multiselect[0].value == ["dog", "animal"]
    click(page, "Take these labels")
    page.multiselect[0].set_value([]).run()
    click(page, "It has no label")
    said = texts(page.run()).replace("\\", "")
    assert f"{new}/0.png added: animal, dog" in said
    assert f"{new}/1.png added: no label" in said


def test_a_place_out_of_reach_is_refused_and_another_one_taken(
    open_page, pictures, new, monkeypatch
):
    monkeypatch.setenv("AUTOML_DATA_ROOTS", f"{pictures}:{new}")
    page = open_page("label", data=str(pictures))
    page.text_input[0].set_value("/proc").run()
    assert "is outside of the folders" in page.error[0].value.replace("\\", "")
    page.text_input[0].set_value(str(new)).run()
    assert not page.error
    assert "Rank the pictures" in [button.label for button in page.button]


def test_what_a_server_has_kept_is_ranked_as_an_act_of_its_own(
    open_page, pictures, new, rankings, tmp_path
):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "answers.jsonl").touch()
    place = new.rename(tmp_path / "kept" / "pictures")
    page = open_page("label", data=str(pictures), place=str(place))
    click(page, "Rank the pictures")
    wait(page, rankings)
    (entry,) = audit.read()
    assert (entry.action, entry.outcome, entry.via) == ("label_kept_pictures", "done", "page")
    assert entry.details == {"data": str(pictures), "place": str(place)}
