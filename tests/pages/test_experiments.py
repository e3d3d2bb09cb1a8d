from automl.experiments import remarks, store
from automl.experiments.records import FORMAT_VERSION
from automl.experiments.remarks import Remarks
from tests.pages.conftest import texts


def test_the_first_visit_offers_the_sample_and_own_pictures(open_page):
    page = open_page("experiments")
    assert [button.label for button in page.button] == ["Try the sample", "Use my pictures"]
    assert page.subheader[0].value == "AutoML image classification"
    (story,) = [one.proto.body for one in page.get("html") if "<figure" in one.proto.body]
    assert [story.count(part) for part in ("<figure", "<img", "wrong labels")] == [4, 4, 1]


def test_an_experiment_shows_its_state_and_its_best_score(open_page, make_experiment, make_trial):
    trial = make_trial("t1", [0.5, 0.75], score_low=0.7, score_high=0.8)
    make_experiment("pets-1", [trial], best_trial="t1", improvements=[0.5, 0.75])
    page = open_page("experiments")
    assert "**pets\\-1**" in links(page)
    assert "completed" in texts(page)
    assert "**0.750 ± 0.050**" in texts(page)


def test_a_running_experiment_without_a_score_says_so(open_page, make_experiment, hold_lock):
    hold_lock(make_experiment("pets-1", state="running", ended_at=None))
    page = open_page("experiments")
    assert "running" in texts(page)
    assert "No score." in texts(page)


def test_an_experiment_whose_engine_died_is_interrupted(open_page, make_experiment):
    make_experiment("pets-1", state="running", ended_at=None)
    assert "interrupted" in texts(open_page("experiments"))


def test_a_failed_experiment_says_why(open_page, make_experiment):
    make_experiment("pets-1", state="failed", message="The folder is empty.")
    assert "The folder is empty" in texts(open_page("experiments"))


def test_a_waiting_experiment_says_for_how_long(open_page, make_experiment, hold_lock):
    sentence = "2 experiments before it, expected start in about 12 min."
    hold_lock(make_experiment("pets-1", state="queued", ended_at=None, message=sentence))
    assert "2 experiments before it" in texts(open_page("experiments"))


def test_an_experiment_of_a_later_version_says_so(open_page, make_experiment):
    newer = make_experiment("newer")
    text = store.experiment_path(newer).read_text()
    text = text.replace(f": {FORMAT_VERSION},", f": {FORMAT_VERSION + 1},", 1)
    store.experiment_path(newer).write_text(text.replace("{", '{"invented": 1,', 1))
    page = open_page("experiments")
    assert f"this version reads up to {FORMAT_VERSION}" in page.error[0].value


def test_an_unreadable_experiment_does_not_hide_the_others(open_page, make_experiment):
    broken = make_experiment("broken")
    make_experiment("good")
    store.experiment_path(broken).write_text("{")
    page = open_page("experiments")
    assert "**good**" in links(page)
    assert len(page.error) == 1
    page.query_params["lang"] = "de"
    assert "unlesbar" in page.run().multiselect(key="state of experiments").options


def links(page):
    return [link.proto.label for link in page.get("page_link")]


def test_more_than_twelve_experiments_are_paged(open_page, make_experiment):
    for number in range(13):
        make_experiment(f"pets-{number}")
    page = open_page("experiments")
    assert page.pagination[0].value == 1
    assert sum("pets" in label for label in links(page)) == 12


def test_they_are_found_by_words_and_by_their_state(open_page, make_experiment):
    remarks.save(make_experiment("pets-1"), Remarks(title="Cleaned", tags=("v2",), note="By Ann"))
    make_experiment("pets-2", state="failed")
    page = open_page("experiments")
    page.text_input(key="search for experiments").set_value("ann V2").run()
    assert [label for label in links(page) if "**" in label] == ["**Cleaned**"]
    page.text_input(key="search for experiments").set_value("").run()
    page.multiselect(key="state of experiments").set_value(["failed"]).run()
    assert [label for label in links(page) if "**" in label] == ["**pets\\-2**"]


def test_one_is_described_and_several_are_deleted(open_page, make_experiment):
    paths = [make_experiment("pets-1"), make_experiment("pets-2")]
    page = open_page("experiments")
    page.checkbox(key="ticked pets-1").check().run()
    (title,) = [each for each in page.text_input if each.label == "Title"]
    (save,) = [each for each in page.button if each.label == "Save"]
    remarks.save(paths[0], Remarks(tags=("nice",)))  # in another window
    title.set_value("Old")
    save.click().run()
    assert remarks.load(paths[0]).tags == ("nice",)  # not written over; the form shows them now
    (title,) = [each for each in page.text_input if each.label == "Title"]
    title.set_value("Cleaned")
    next(each for each in page.button if each.label == "Save").click().run()
    assert remarks.load(paths[0]).tags == ("nice",)
    assert remarks.load(paths[0]).title == "Cleaned"
    page.checkbox(key="ticked pets-2").check().run()
    page.button(key="delete now").click().run()
    assert not any(path.exists() for path in paths)
