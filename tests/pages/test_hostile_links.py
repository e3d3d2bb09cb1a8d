from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl.experiments import store
from automl.experiments.records import TrialRecord
from tests.pages.conftest import texts

EXPERIMENTS = {
    "a link to an experiment that climbs out": "../../etc",
    "a link to an experiment by its full path": "/etc",
    "a link to an experiment that is HTML": "<script>alert(1)</script>",
    "a link to an experiment that is Markdown": "[here](https://evil.test) ![](https://evil.test)",
    "a link to an experiment with a NUL byte": "pets\0",
    "a link to an experiment of 10,000 letters": "x" * 10_000,
    "a link to a hidden folder": ".new-x",
}


@pytest.mark.parametrize("case", EXPERIMENTS)
def test_links_to_experiments(
    case: str, open_page: Callable[..., AppTest], make_experiment: Callable[..., Path]
) -> None:
    make_experiment("pets")
    app = open_page("leaderboard", experiment=EXPERIMENTS[case])
    (warning,) = app.warning
    assert warning.value.startswith("There is no experiment called")
    assert "](https" not in warning.value
    assert "<script>" not in warning.value


def test_a_link_to_a_trial_that_climbs_out(
    open_page: Callable[..., AppTest],
    make_experiment: Callable[..., Path],
    make_trial: Callable[..., TrialRecord],
) -> None:
    make_experiment("pets", [make_trial("t1", [0.9])])
    app = open_page("trial", experiment="pets", trial="../../../etc/passwd")
    assert app.selectbox[0].value == "t1"
    assert "no trial called" in app.warning[0].value


def test_a_link_that_copies_a_job_from_elsewhere(
    open_page: Callable[..., AppTest], make_pictures: Callable[..., Path]
) -> None:
    app = open_page("configure", copy="../../etc", data=str(make_pictures()))
    assert "There is no experiment called" in texts(app)


@pytest.mark.parametrize(
    "path", ["/etc", "/etc/passwd", "../../etc", "\0", "~root", "file:///etc", "s3://b"]
)
def test_links_to_data_out_of_reach(path: str, open_page: Callable[..., AppTest]) -> None:
    app = open_page("dataset", data=path)
    assert len(app.error) == 1
    assert "root:" not in texts(app)


@pytest.mark.parametrize(
    ("option", "value"), [("share", "abc"), ("test_share", "nan"), ("seed", "inf"), ("seed", "-5")]
)
def test_a_link_whose_numbers_are_none(
    option: str,
    value: str,
    open_page: Callable[..., AppTest],
    make_pictures: Callable[..., Path],
) -> None:
    app = open_page("dataset", data=str(make_pictures()), **{option: value})
    assert len(app.error) == 1


LABELS = {
    "a label that is HTML": "<img src=x onerror=alert(1)>",
    "a label that is Markdown": "![x](https://evil.test/x.png) [y](javascript:alert(1))",
    "a label that is an icon or a formula": ":material/lock: :red[x] $\\sqrt{2}$",
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_shown_as_they_are(
    case: str,
    open_page: Callable[..., AppTest],
    with_test_data: Path,
    with_answers: Callable[[Path], None],
) -> None:
    samples, report = store.load_samples(with_test_data), store.load_report(with_test_data)
    assert report is not None
    samples["label"] = samples["label"].replace("red", LABELS[case])
    store.save_dataset(with_test_data, samples, report)
    with_answers(with_test_data)
    app = open_page("trial", experiment="pets", trial="t1")
    for text in texts(app).splitlines():
        assert "<img" not in text
        assert "](" not in text
        assert ":red[" not in text


def test_a_pasted_job_that_is_a_bomb(
    open_page: Callable[..., AppTest], make_pictures: Callable[..., Path]
) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    app = open_page("configure", data=str(make_pictures()))
    app.text_area(key="pasted job").set_value("\n".join(["a0: &a0 [x]", *levels]))
    next(button for button in app.button if button.label == "Fill in the form").click().run()
    assert "aliases make more than" in texts(app).replace("\\", "")
