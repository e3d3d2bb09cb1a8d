from datetime import UTC, datetime, timedelta

import numpy as np
from safetensors.numpy import save_file

from automl.experiments import launcher, store
from automl.experiments.records import now
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections
from automl.jobs.job import Job
from tests.model_files import describe
from tests.pages.conftest import buttons, fold, texts


def test_without_an_experiment_it_says_where_to_begin(open_page):
    page = open_page("progress")
    assert "There is no experiment yet" in texts(page)
    assert page.title[0].value == "Train"


def test_an_experiment_that_is_not_there_is_named(open_page, make_experiment):
    make_experiment("pets")
    page = open_page("progress", experiment="![x](http://h/p.png)")
    assert "There is no experiment called" in page.warning[0].value
    assert "![x]" not in page.warning[0].value
    links = [each.proto.label for each in open_page("progress", experiment="pet").get("page_link")]
    assert "3 Train" in links
    assert links[-2:] == ["Open pets", "See all experiments"]


def test_preparing_shows_what_is_being_done(open_page, make_experiment, hold_lock):
    hold_lock(
        make_experiment(
            state="preparing", message="Reading 12 pictures", progress=0.5, ended_at=None
        )
    )
    page = open_page("progress")
    assert page.get("progress")[0].proto.text == "Reading 12 pictures"


def test_running_shows_trials_and_time_left(open_page, make_experiment, make_trial, hold_lock):
    trials = [
        make_trial("t1", [0.5, 0.8], effective={"worker": "process 7 on n1"}),
        make_trial(
            "t2",
            [0.4],
            number=1,
            state="running",
            ended_at=None,
            effective={"worker": "process 7 on n2"},
        ),
    ]
    started = now() - timedelta(seconds=60)
    hold_lock(
        make_experiment(
            trials=trials,
            state="running",
            progress=0.5,
            num_trials=4,
            started_at=started,
            ended_at=None,
        )
    )
    page = open_page("progress")
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Best accuracy"] == "0.800"
    assert metrics["Trials ended"] == "1 of 4"
    assert metrics["Time left"] == "Learning"  # no number of epochs is known
    assert page.dataframe[0].value["score"].tolist() == [0.8, 0.4]
    assert page.dataframe[0].value["place"].tolist() == ["n1", "n2"]


def test_in_the_queue_nothing_is_said_to_be_learnt(open_page, make_experiment, hold_lock):
    waiting = "Experiments before it: 1."
    hold_lock(make_experiment(state="queued", message=waiting, started_at=None, ended_at=None))
    page = open_page("progress")
    assert page.get("progress")[0].proto.text == "Experiments before it\\: 1\\."
    assert {metric.label: metric.value for metric in page.metric}["Time left"] == "–"
    assert "learning" not in texts(page)


def test_a_baseline_has_no_epochs_while_it_is_fitted(
    open_page, make_experiment, make_trial, hold_lock
):
    fitted = {"model_name": "resnet18", "method": "linear_probe"}
    trial = make_trial("t1", state="running", ended_at=None, hyperparameters=fitted)
    hold_lock(make_experiment(trials=[trial], state="running", ended_at=None))
    _whole, line = open_page("progress").get("progress")
    assert line.proto.text.startswith("\\#0 resnet18\\, linear probe · ")
    assert "epoch" not in line.proto.text
    assert "best" not in line.proto.text


def test_one_trial_can_be_stopped(open_page, make_experiment, make_trial, hold_lock):
    trial = make_trial("t2", [0.4], state="running", ended_at=None)
    experiment_dir = make_experiment(trials=[trial], state="running", ended_at=None)
    hold_lock(experiment_dir)
    page = open_page("progress")
    page.button(key="stop now t2").click().run()
    assert store.trials_to_stop(experiment_dir) == {"t2"}
    assert "Stop this trial" not in buttons(page)  # nor is the popover left open
    assert not store.stop_requested(experiment_dir)


def test_all_can_be_stopped(open_page, make_experiment, hold_lock):
    experiment_dir = make_experiment(state="running", ended_at=None)
    hold_lock(experiment_dir)
    page = open_page("progress")
    page.button(key="stop all now").click().run()
    assert store.stop_requested(experiment_dir)
    assert "stopping" in texts(page)
    assert "Stop now" not in buttons(page)  # nor is the popover left open


def test_completed_has_nothing_to_stop(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5])])
    page = open_page("progress")
    assert "Stop now" not in buttons(page)
    assert "completed" in texts(page)


def test_ended_at_the_limit_says_what_was_not_started(open_page, make_experiment, make_trial):
    left = make_trial("t2", number=1, state="stopped", was_cut_short=True, started_at=None)
    said = "The time limit of 1 min was reached."
    make_experiment(trials=[make_trial("t1", [0.5]), left], message=said)
    page = open_page("progress")
    tried = next(metric for metric in page.metric if metric.label == "Trials tried")
    assert (tried.value, tried.delta) == ("1 of 2", "1 not started")
    assert said.rstrip(".") in texts(page)


def test_at_the_end_it_says_which_model_to_use_with_links(
    open_page, make_experiment, make_trial, make_pictures, with_predictions
):
    expected = {"expected_score": 0.871, "expected_low": 0.8, "expected_high": 0.92}
    experiment_dir = make_experiment(trials=[make_trial("t0", [0.9])], best_trial="t0", **expected)
    with_predictions(experiment_dir, "t0", make_pictures(per_class=9))
    for name in ("progress", "leaderboard"):
        page = open_page(name)
        said = texts(page) + " ".join(one.label for one in page.expander)
        assert "Do not use" in said  # 18 pictures are too few
        assert "It was judged by 18 pictures only" in said
        assert "On new pictures expect accuracy 0\\.871" in said
        links = [each.proto.query_string for each in page.get("page_link")]
        assert any("true=cat&predicted=dog" in link for link in links)


def test_failed_says_why_with_the_details_folded(open_page, make_experiment, make_trial):
    failed = {"state": "failed", "message": "The folder is empty.", "details": "Traceback: 42"}
    make_experiment(trials=[make_trial("t1", state="failed")], **failed)
    page = open_page("progress")
    assert "The folder is empty" in page.error[0].value
    assert fold(page, "Details").code[0].value == "Traceback: 42"
    assert "No score" in texts(page)
    assert not any(promise in texts(page) for promise in ("No score yet", "Curves appear"))


def test_what_failed_before_its_first_trial_says_why_on_each_page_with_a_next_step(
    open_page, make_experiment
):
    make_experiment("pets", state="failed", message="The folder is empty.")
    for name in ("progress", "leaderboard", "search", "predict"):
        page = open_page(name, experiment="pets")
        assert [one.value for one in page.error] == ["The folder is empty\\."], name
        links = [one.proto.label for one in page.main.get("page_link")]
        assert links.count("New experiment from this") == 2, name  # in the menu, too


def test_interrupted_can_be_resumed(open_page, make_experiment, monkeypatch):
    resumed = []
    monkeypatch.setattr(launcher, "_start_engine", lambda directory, *_: resumed.append(directory))
    experiment_dir = make_experiment(state="running", ended_at=None)
    page = open_page("progress")
    assert "interrupted" in page.warning[0].value
    next(button for button in page.button if button.label == "Resume").click().run()
    assert resumed == [experiment_dir]


def test_why_nothing_is_resumed_is_said(open_page, make_experiment, home):
    make_experiment(state="stopped")
    (home / "limits.yml").write_text("max_running: many")
    page = open_page("progress")
    next(button for button in page.button if button.label == "Resume").click().run()
    assert "max_running cannot be used" in page.error[0].value.replace("\\", "")


def test_a_search_that_has_ended_goes_on_with_what_is_asked_for(
    open_page, make_experiment, make_trial, monkeypatch, tmp_path
):
    started = []
    monkeypatch.setattr(launcher, "_start_engine", lambda directory, *_: started.append(directory))
    space = [{"learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.01}}]
    data = {"training_data": {"path": str(tmp_path)}, "search_space": space}
    job = Job.from_dict({**data, "limits": {"max_trials": 1}})
    trials, long_ago = [make_trial("trial-000", [0.7])], datetime(2020, 1, 1, tzinfo=UTC)
    directory = make_experiment("pets", trials, job=job, deadline=long_ago)
    page = open_page("progress", experiment="pets")
    page.number_input(key="further trials").set_value(3)
    page.number_input(key="further epochs").set_value(5)
    before = page.text_area(key="further space").value
    page.text_area(key="further space").set_value(before.replace("0.01", "low"))
    page.button(key="go on").click().run()
    assert "It should be a number" in page.error[0].value
    page.text_area(key="further space").set_value(before.replace("0.01", "0.002"))
    page.button(key="go on").click().run()
    assert started == [directory]
    record = store.load_experiment(directory)
    assert record.deadline is None
    (seam,) = record.continuations
    assert seam.changes[:2] == ["3 more trials", "trial-000 trained on for 5 more epochs"]
    assert seam.changes[2] == "a limit of 15 minutes from there on"
    assert "trained on for 5 more epochs" in texts(page)
    job = store.load_job(directory)
    assert job.limits.max_trials == 5
    assert job.search_space is not None
    assert job.search_space[0]["learning_rate"].max_value == 0.002
    assert "search_space changed" in seam.changes


def test_the_best_network_goes_on_with_another_version_as_a_new_experiment(
    open_page, make_experiment, make_trial, make_pictures, monkeypatch
):
    started, place = [], make_pictures()  # data are read before a start
    monkeypatch.setattr(launcher, "_start_engine", lambda directory, *_: started.append(directory))
    monkeypatch.setenv("AUTOML_DATA_ROOTS", str(place))
    data_versions.keep(place, Corrections(exclude=["a.png"]), "0", by="ann")
    job = Job.from_dict({"training_data": {"path": str(place)}})
    trials = [make_trial("trial-000", [0.7])]
    known = {"data_version": "original", "best_trial": "trial-000", "test_score": 0.6}
    pets = make_experiment("pets", trials, job=job, **known)
    keep_model(store.checkpoint_dir(pets, "trial-000"))
    page = open_page("progress", experiment="pets")
    assert "Go on" not in buttons(page)  # its test data are open
    page.selectbox(key="other version").set_value("v1").run()
    page.button(key="go on with data 0").click().run()
    (made,) = started
    parent = store.load_experiment(made).parent
    assert parent is not None
    assert parent.experiment_id == "pets"
    assert store.load_job(made).corrections.exclude == ["a.png"]


def keep_model(folder):
    """The files of a resnet18, with one weight."""
    describe(folder, "resnet18", ["cat", "dog"])
    save_file({"weight": np.zeros(1)}, folder / "model.safetensors")


def test_stopped_says_by_whom_and_can_be_resumed(open_page, make_experiment, make_trial):
    trial = make_trial("t1", [0.5], state="stopped", reason="Stopped by the user.")
    make_experiment(trials=[trial], state="stopped", message="Stopped by the user.")
    page = open_page("progress")
    assert "Stopped by the user" in texts(page)
    assert "Resume" in buttons(page)


def test_what_to_expect_has_its_line_before_it_is_known(
    open_page, make_experiment, make_trial, hold_lock
):
    hold_lock(make_experiment(trials=[make_trial("t1", [0.5])], state="running", ended_at=None))
    for name in ("progress", "leaderboard"):
        assert "What to expect on new pictures is not known yet" in texts(open_page(name))


def test_a_failure_is_in_a_fold_but_on_its_own_page(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [0.5])], state="failed", message="The disk is full.")
    for name, is_folded in (("progress", False), ("leaderboard", True)):
        page = open_page(name)
        assert page.error[0].value == "The disk is full\\."
        assert ("Why?" in [one.proto.popover.label for one in page.get("popover")]) == is_folded


def test_a_diverged_trial_breaks_nothing(open_page, make_experiment, make_trial):
    make_experiment(trials=[make_trial("t1", [float("nan")])])
    page = open_page("progress")
    assert page.metric[0].value == "not a number"


def test_what_to_expect_on_new_pictures_comes_first(open_page, make_experiment, make_trial):
    expected = {"expected_score": 0.871, "expected_low": 0.8, "expected_high": 0.92}
    make_experiment(trials=[make_trial("t0", [0.9])], expected_basis="Each of 90.", **expected)
    for name in ("progress", "leaderboard"):
        page = open_page(name)
        assert "On new pictures expect accuracy **0.871 (0.80 to 0.92)**." in texts(page)
        assert "Each of 90\\." in [one.help for one in page.markdown]


def test_what_to_expect_names_its_trial_while_another_one_leads(
    open_page, make_experiment, make_trial, hold_lock
):
    expected = {"expected_score": 0.871, "expected_low": 0.8, "expected_high": 0.92}
    running = {"state": "running", "ended_at": None}
    trials = [make_trial("t0", [0.9]), make_trial("t1", [0.95], number=1, **running)]
    options = {**expected, **running, "best_trial": "t1", "expected_trial": "t0"}
    hold_lock(make_experiment(trials=trials, **options))
    said = texts(open_page("progress"))
    assert "Expect accuracy **0.871 (0.80 to 0.92)** of \\#0 resnet18, the best when" in said
