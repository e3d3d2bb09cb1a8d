import json

import pytest

from tests.pages.conftest import texts


@pytest.fixture
def experiment(make_experiment, make_trial, make_pictures, with_predictions):
    """Two trials; the better one has answers, one of them wrong."""

    def make(classes=("cat", "dog")):
        trials = [make_trial("t1", [0.4]), make_trial("t2", [0.6, 0.9], number=1)]
        experiment_dir = make_experiment(trials=trials)
        with_predictions(experiment_dir, "t2", make_pictures(classes))
        return experiment_dir

    return make


def tiles(page):
    """The pictures shown, of all their grids."""
    grids = [json.loads(element.proto.json) for element in page.get("bidi_component")]
    return [tile for grid in grids for tile in grid["tiles"]]


def test_without_a_trial_it_says_so(open_page, make_experiment):
    make_experiment()
    assert "none has started yet" in texts(open_page("trial"))


def test_the_best_trial_is_shown_first(open_page, experiment):
    experiment()
    page = open_page("trial")
    assert page.query_params["trial"] == "t2"
    assert page.metric[0].value == "0.900"


def test_the_link_decides_which_trial_is_shown(open_page, experiment):
    experiment()
    page = open_page("trial", trial="t1")
    assert page.metric[0].value == "0.400"
    assert "appears after the first evaluation" in texts(page)


def test_the_worst_cell_comes_with_its_pictures(open_page, experiment):
    experiment()
    page = open_page("trial")
    assert "1 picture of cat taken for dog" in texts(page)
    assert len(tiles(page)) == 1


def test_another_cell_shows_other_pictures(open_page, experiment):
    experiment()
    page = open_page("trial")
    page.selectbox(key="predicted class of pets t2").select_index(0).run()
    assert "5 pictures of cat taken for cat" in texts(page)
    assert len(tiles(page)) == 5


def test_pictures_that_are_gone_are_counted(open_page, experiment, tmp_path):
    experiment()
    (tmp_path / "pets" / "cat" / "0.png").unlink()
    assert "1 picture cannot be read" in texts(open_page("trial"))


def test_hyperparameters_asked_for_and_in_effect(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5], effective={"learning_rate": 0.02})])
    page = open_page("trial")
    table = page.dataframe[-1].value.set_index("Hyperparameter")
    assert table.index[0] == "learning_rate"
    assert table.loc["learning_rate"].tolist() == ["0.01", "0.02", "changed"]
    assert "In effect otherwise than asked for: learning_rate." in texts(page)


def test_what_was_left_to_us_does_not_count_as_changed(open_page, make_experiment, make_trial):
    trial = make_trial(
        "t1",
        [0.5],
        hyperparameters={"model_name": "resnet18", "precision": "auto", "learning_rate": 0.1},
        effective={"precision": "bfloat16", "learning_rate": 0.1 + 1e-12},
    )
    make_experiment(trials=[trial])
    assert "Everything that was asked for is in effect." in texts(open_page("trial"))


def test_every_evaluation_is_listed_with_its_cost(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5, 0.7])])
    tables = [one.value for one in open_page("trial").dataframe]
    (table,) = [one for one in tables if "Training loss" in one]
    assert table["Epoch"].tolist() == [1, 2]
    assert table["Pictures / s"].tolist() == [100, 100]
    assert "Peak memory (MB)" not in table  # which these records do not know


def test_what_a_trial_has_been_through_is_shown(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5], flags=["recovered", "collapsed"])])
    assert "recovered, collapsed" in texts(open_page("trial"))


def test_a_failed_trial_says_why_with_the_traceback_folded(open_page, make_experiment, make_trial):
    error = {"cause": "Out of memory.", "next_step": "Fewer pixels.", "traceback": "Traceback: 42"}
    make_experiment(trials=[make_trial("t1", state="failed", error=error)])
    page = open_page("trial")
    assert "Out of memory" in page.error[0].value
    assert "Fewer pixels" in texts(page)
    assert page.expander[0].code[0].value == "Traceback: 42"


def test_hostile_labels_show_as_they_are(open_page, experiment):
    experiment(("![x](h) <b>", "http:cat"))
    said = texts(open_page("trial"))
    assert r"\!\[x\]\(h\) \<b\>" in said
    assert "![x]" not in said


def test_a_running_trial_is_shown_as_far_as_it_is(
    open_page, make_experiment, make_trial, hold_lock
):
    trial = make_trial("t1", state="running", ended_at=None)
    hold_lock(make_experiment(trials=[trial], state="running", ended_at=None))
    assert "Curves appear after the first evaluation." in texts(open_page("trial"))
