from automl.experiments import store
from tests.pages.conftest import texts


def test_on_the_page_they_are_opened_with_two_clicks(open_page, with_test_data):
    page = open_page("test")
    assert "10 test pictures are sealed" in texts(page)
    page.button(key="open now").click().run()
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Test accuracy"] == "0.900 (0.700–1.000)"
    assert metrics["Accuracy in the search"] == "0.900"
    assert store.load_test_opening(with_test_data).trial_id == "t1"


def test_the_page_says_when_there_is_nothing_to_open(open_page, make_experiment, hold_lock):
    make_experiment("bare")
    assert "This experiment has no test data" in open_page("test").info[0].value
    hold_lock(make_experiment("going", state="running", ended_at=None))
    page = open_page("test", experiment="going")
    assert "when the experiment has ended" in page.info[0].value
