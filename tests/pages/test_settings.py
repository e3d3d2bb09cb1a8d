import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl.access import audit
from automl.access.permissions import Action
from automl.experiments import limits, store
from automl.experiments.limits import QueueLimits
from automl.host import home, process_lock
from tests.pages.conftest import AUTH, PEOPLE, buttons, texts

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


def in_tab(page: AppTest, name: str) -> AppTest:
    page.session_state["tab"] = name
    page.run()
    return page


def table(page: AppTest, column: str):
    (found,) = [one.value for one in page.dataframe if column in one.value]
    return found


def save(page: AppTest, **wanted: int | None) -> None:
    for field in page.number_input:
        name = field.key.partition(" ")[0]
        if name in wanted:
            field.set_value(wanted[name])
    (button,) = [button for button in page.button if button.label == "Save limits"]
    button.click().run()


def acts() -> list[tuple[str, str, str]]:
    done = [one for one in audit.read() if one.action != "sign_in"]
    return [(one.who, one.action.value, one.outcome) for one in done]


def test_limits_are_set_and_taken_back(open_page):
    page = open_page("settings")
    save(page, max_running=2, max_waiting_per_user=0)
    assert limits.load() == QueueLimits(max_running=2, max_waiting_per_user=0)
    assert [field.value for field in page.number_input] == [2, None, 0]
    save(page, max_running=None)
    assert limits.load() == QueueLimits(max_waiting_per_user=0)
    assert audit.read()[0].details["max_running"] == "2"


def test_what_another_has_set_meanwhile_is_shown(open_page):
    page = open_page("settings")
    limits.save(QueueLimits(max_running=3))
    assert page.run().number_input[0].value == 3


def test_the_queue_says_how_many_run_and_wait(open_page, make_experiment):
    for number in range(2):
        folder = make_experiment(f"pets-{number}")
        assert process_lock.take(store.lock_path(folder)) is not None
        ticket = {"owner": "ada", "num_cpus": 1, "num_gpus": 0, "entered": 1}
        ticket |= {"experiment_dir": str(folder), "started": 2 if number else None}
        (home.home_dir() / "queue").mkdir(exist_ok=True)
        (home.home_dir() / "queue" / f"{number}.json").write_text(json.dumps(ticket))
    assert "1 experiment running now, 1 waiting" in texts(open_page("settings"))


def test_a_file_that_cannot_be_used_says_why_and_is_replaced(open_page):
    limits.path().write_text("max_running: many")
    page = open_page("settings")
    assert "max\\_running cannot be used" in page.error[0].value
    save(page, max_running=1)
    assert limits.load() == QueueLimits(max_running=1)
    assert not page.error


@pytest.mark.parametrize("who", [BOB, EVE])
def test_others_only_read_the_limits(open_as, who):
    limits.save(QueueLimits(max_running=2))
    page = open_as(who, "settings")
    assert [metric.value for metric in page.metric][:3] == ["2", "no limit", "no limit"]
    assert buttons(page) == {"Sign out"}
    assert not page.number_input


def test_who_was_an_admin_when_the_form_was_drawn_sets_nothing(open_as, home: Path):
    page = open_as(ANN, "settings")
    (home / "access.yml").write_text("people: {ann@example.com: analyst}")
    save(page, max_running=2)
    assert limits.load() == QueueLimits()


def test_the_machine_says_what_it_has(open_page, monkeypatch):
    monkeypatch.setenv("AUTOML_WEIGHTS_DIR", "/nowhere")
    monkeypatch.setenv("AUTOML_WEBHOOK_URL", "https://chat.example/secret")
    shown = table(open_page("settings"), "Current state").set_index("Part")["Current state"]
    assert shown["Ray, which runs the trials"].startswith("not running")
    assert shown["Pretrained weights"] == "/nowhere does not exist"
    assert shown["Message at the end"] == "to a webhook"
    assert process_lock.take(home.head_lock_path()) is not None
    page = open_page("settings")
    assert "running; it stops" in table(page, "Current state")["Current state"].iloc[0]
    assert "torch 2." in texts(page)


def test_the_largest_experiment_comes_first_also_one_that_cannot_be_read(
    open_page, make_experiment
):
    (make_experiment("large") / "engine.log").write_bytes(b"0" * 3_000_000)
    make_experiment("small", owner="ada")  # the newest
    store.experiment_path(home.experiments_dir() / "large").write_text("{")
    page = in_tab(open_page("settings"), "Storage")
    shown = table(page, "Experiment")
    assert shown["Experiment"].tolist() == ["large", "small"]
    assert shown["Owner"].tolist() == ["", "ada"]
    assert shown["MB"].iloc[0] == pytest.approx(3, abs=0.1)
    assert "in 2 experiments" in texts(page)


def test_the_cache_is_cleared_once_it_has_said_what_is_lost(open_as):
    path = home.cache_dir("scans") / "facts"
    path.write_bytes(b"0" * 2_000_000)
    page = in_tab(open_as(ANN, "settings"), "Storage")
    assert table(page, "Last used")["MB"].iloc[0] == 2
    assert "decodes its pictures again" in texts(page)
    page.button(key="clear it now").click().run()
    assert not path.exists()
    assert "2 MB freed" in page.success[0].value
    assert table(page, "Last used")["MB"].sum() == 0
    assert acts() == [(ANN, "clear_cache", "done")]


@pytest.mark.parametrize("who", [BOB, EVE])
def test_only_an_admin_is_offered_to_clear_and_reads_the_log(open_as, who):
    page = open_as(who, "settings")
    assert buttons(in_tab(page, "Storage")) == {"Sign out"}
    assert buttons(in_tab(page, "People")) == {"Sign out"}
    assert not [one for one in page.dataframe if {"Address", "Who"} & set(one.value)]


def test_who_was_an_admin_when_the_button_was_drawn_clears_nothing(open_as, home: Path):
    path = home / "cache" / "scans" / "facts"
    path.parent.mkdir(parents=True)
    path.touch()
    page = in_tab(open_as(ANN, "settings"), "Storage")
    (home / "access.yml").write_text("people: {ann@example.com: analyst}")
    page.button(key="clear it now").click().run()
    assert path.exists()


def test_people_see_what_their_role_may_do(open_as):
    roles = table(in_tab(open_as(EVE, "settings"), "People"), "Viewer").set_index("")
    assert roles.loc["Stop"].tolist() == ["no", "their own", "yes"]
    assert roles.loc["Set limits"].tolist() == ["no", "no", "yes"]
    assert roles.loc["Look"].tolist() == ["yes"] * 3


def test_an_admin_sees_who_is_let_in_and_the_latest_of_the_log(open_as):
    for number in range(60):
        audit.write_visit(f"p{number}@example.com", None, Action.SIGN_IN, "unknown")
    page = in_tab(open_as(ANN, "settings"), "People")
    people = table(page, "Address")
    assert people["Address"].tolist() == [ANN, BOB, "*@example.com"]
    log = table(page, "Who")
    assert len(log) == 50
    assert log["Who"].tolist()[:2] == [ANN, "p59@example.com"]
    assert log["Details"].iloc[1] == "reason: unknown"
    assert "Download all" in buttons(page)


def take_the_log_away() -> None:
    import streamlit as st

    from automl.ui import guarded_actions

    try:
        st.code(guarded_actions.audit_log().decode())
    except ValueError as error:
        st.error(str(error))


def test_only_an_admin_takes_the_log_away_and_it_is_written_down(home: Path):
    (home / "access.yml").write_text(PEOPLE)
    audit.write_visit("eve@evil.org", None, Action.SIGN_IN, "unknown")
    for who, sees in ((BOB, False), (ANN, True)):
        page = AppTest.from_function(take_the_log_away)
        page.secrets = {"auth": AUTH}
        page.user = {"is_logged_in": True, "email": who, "email_verified": True}
        page.run()
        assert bool(page.code and "eve@evil.org" in page.code[0].value) is sees
    assert acts() == [
        (BOB, "read_audit_log", "refused"),
        (ANN, "read_audit_log", "done"),
    ]


def test_without_sign_in_there_is_nothing_about_people(open_page):
    assert [tab.label for tab in open_page("settings").tabs] == ["Limits and machine", "Storage"]


def test_the_open_tab_stays_open_and_in_the_address_in_another_language(open_page):
    page = open_page("settings", tab="Storage")
    (language,) = [one for one in page.segmented_control if one.label == "Language"]
    language.set_value("de").run()
    assert page.session_state["tab"] == "Speicherplatz"
    assert (page.query_params["tab"], page.query_params["lang"]) == ("Storage", "de")
