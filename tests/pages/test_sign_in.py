import inspect

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from automl.access import audit
from automl.experiments import store
from automl.experiments.records import ExperimentState
from automl.ui import guarded_actions
from tests.pages.conftest import AUTH, PEOPLE, ROOT, buttons, texts

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def drawn(app: AppTest) -> list[str]:
    """Kinds of what is on the page, but for the columns things stand in."""
    return sorted({element.type for element in app.main} - {"main", "flex_container", "column"})


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_drawn_or_read_for_who_has_not_signed_in(open_as, make_experiment, name):
    make_experiment("secret-pets")
    app = open_as(None, name, experiment="secret-pets")
    assert buttons(app) == {"Sign in"}
    assert "secret-pets" not in str(app.main)
    assert drawn(app) == ["button", "markdown", "title"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_run_by_itself_asks_as_well(make_experiment, name):
    make_experiment("secret-pets")
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=20)
    app.secrets, app.user = {"auth": AUTH}, {"is_logged_in": False}
    app.run()
    assert buttons(app) == {"Sign in"}
    assert "secret-pets" not in str(app.main)


@pytest.mark.parametrize("who", ["eve@evil.org", "ann@example.com.evil.org", ""])
def test_who_is_not_in_the_file_is_turned_away(open_as, make_experiment, who):
    make_experiment("secret-pets")
    app = open_as(who or "nobody", "experiments")
    assert buttons(app) == {"Sign out"}
    assert "secret-pets" not in str(app.main)
    (entry,) = audit.read()
    assert (entry.action, entry.outcome, entry.role) == ("sign_in", "refused", None)


def test_a_viewer_looks_and_is_offered_nothing_else(open_as, make_experiment, make_trial):
    directory = make_experiment("pets", [make_trial("t1", [0.9])], state=ExperimentState.STOPPED)
    board = open_as("eve@example.com", "leaderboard", experiment="pets")
    assert "pets" in str(board.main)
    assert buttons(board) <= {"Sign out", "Download CSV"}
    links = [link.proto.label for link in board.get("page_link")]
    assert "New experiment from this" not in links
    assert not buttons(open_as("eve@example.com", "progress", experiment="pets")) & {"Resume"}
    for page in ("dataset", "configure"):
        refused = open_as("eve@example.com", page, data=str(directory))
        assert "may not start" in texts(refused)
        assert drawn(refused) == ["button", "error", "title"]
    (signed_in, entry) = audit.read()
    assert (signed_in.action, signed_in.outcome) == ("sign_in", "done")
    assert (entry.action, entry.outcome, entry.role) == ("start", "refused", "viewer")


def test_an_analyst_may_stop_only_their_own(open_as, make_experiment, hold_lock):
    for owner in ("bob@example.com", "ann@example.com"):
        name = owner.partition("@")[0]
        hold_lock(make_experiment(name, state="running", owner=owner))
    theirs = open_as("bob@example.com", "progress", experiment="bob")
    theirs.button(key="stop all now").click().run()
    assert store.stop_requested(store.experiment_dirs(audit.path().parent / "experiments")[1])
    others = open_as("bob@example.com", "progress", experiment="ann")
    assert "Stop now" not in buttons(others)
    assert [(one.who, one.action, one.experiment) for one in audit.read()][1:2] == [
        ("bob@example.com", "stop", "bob")
    ]


def test_an_analyst_goes_on_from_the_network_of_another_only_in_an_experiment_of_their_own(
    open_as, make_experiment, make_trial
):
    make_experiment("pets", [make_trial("t1", [0.9])], owner="ann@example.com")
    assert "Go on" in buttons(open_as("ann@example.com", "progress", experiment="pets"))
    others = buttons(open_as("bob@example.com", "progress", experiment="pets"))
    assert ("Go on" in others, "Go on with these data" in others) == (False, True)
    looking = buttons(open_as("eve@example.com", "progress", experiment="pets"))
    assert not looking & {"Go on", "Go on with these data"}


def test_a_button_that_was_drawn_before_the_role_changed_does_nothing(
    open_as, make_experiment, hold_lock, home
):
    directory = make_experiment("pets", state="running", owner="bob@example.com")
    hold_lock(directory)
    app = open_as("ann@example.com", "progress", experiment="pets")
    (home / "access.yml").write_text("people: {ann@example.com: viewer}")
    app.button(key="stop all now").click().run()
    assert not store.stop_requested(directory)


def delete_what_is_gone() -> None:
    from pathlib import Path

    import streamlit as st

    from automl.ui import guarded_actions

    try:
        guarded_actions.delete(Path("/nowhere/pets"))
    except ValueError as error:
        st.error(str(error))


def test_the_second_to_delete_is_told_that_it_is_gone():
    (error,) = AppTest.from_function(delete_what_is_gone).run().error
    assert error.value == "There is no experiment called pets here."


def start_elsewhere() -> None:
    from pathlib import Path

    import streamlit as st

    from automl.jobs.data_source import DataSource
    from automl.jobs.job import Job
    from automl.ui import guarded_actions

    output = {"best_model": {"type": "mlflow_model", "path": "/home/ann/.ssh"}}
    for extra in (
        {"ray_address": "evil.test:6379"},
        {"storage_path": "/home/ann/.ssh"},
        {"outputs": output},
    ):
        job = Job(training_data=DataSource(path=Path("/data")), **extra)
        try:
            guarded_actions.start(job, "pets")
        except ValueError as error:
            st.error(str(error))


def test_only_an_admin_names_a_cluster_or_a_place_to_store_at(home):
    (home / "access.yml").write_text(PEOPLE)
    app = AppTest.from_function(start_elsewhere)
    app.secrets = {"auth": AUTH}
    app.user = {"is_logged_in": True, "email": "bob@example.com", "email_verified": True}
    app.run()
    assert ["may not choose cluster" in error.value for error in app.error] == [True] * 3
    assert [(one.action, one.outcome) for one in audit.read()] == [("start", "refused")] * 3
    assert store.experiment_dirs(home / "experiments") == []


@pytest.mark.parametrize(("who", "is_offered"), [("ann", True), ("bob", False)])
def test_only_an_admin_is_offered_a_cluster(open_as, make_pictures, who, is_offered):
    page = open_as(f"{who}@example.com", "configure", data=str(make_pictures()))
    assert page.number_input(key="cores per trial")
    keys = {field.key for field in page.text_input}
    assert ({"ray address", "storage path"} <= keys) is is_offered


def test_an_admin_deletes_and_it_is_written_down(open_as, make_experiment, make_trial):
    directory = make_experiment("pets", [make_trial("t1", [0.9])], owner="bob@example.com")
    assert "Delete now" not in buttons(open_as("bob@example.com", "leaderboard", experiment="pets"))
    app = open_as("ann@example.com", "leaderboard", experiment="pets")
    app.button(key="delete now").click().run()
    assert not directory.exists()
    assert [(one.action, one.who) for one in audit.read() if one.experiment] == [
        ("delete", "ann@example.com")
    ]


def test_each_of_several_providers_has_its_button(open_as):
    shared = {key: AUTH[key] for key in ("redirect_uri", "cookie_secret")}
    both = {"auth": {**shared, "google": AUTH, "keycloak": AUTH}}
    app = open_as(None, "experiments", both)
    assert buttons(app) == {"Sign in with google", "Sign in with keycloak"}


def test_signing_in_is_written_down_once_however_often_a_page_is_loaded(open_as):
    open_as("bob@example.com", "experiments").run()
    open_as("bob@example.com", "experiments")
    assert [(one.who, one.role, one.action) for one in audit.read()] == [
        ("bob@example.com", "analyst", "sign_in")
    ]


@pytest.mark.parametrize("secrets", [{"other": 1}, {"auth": {}}])
def test_a_file_of_people_without_a_provider_lets_nobody_in(open_as, make_experiment, secrets):
    make_experiment("secret-pets")
    app = open_as(None, "experiments", secrets)
    assert "Nobody can sign in" in texts(app)
    assert "secret-pets" not in str(app.main)


def test_secrets_that_cannot_be_read_open_nothing(
    open_page, make_experiment, tmp_path, monkeypatch
):
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\n")
    monkeypatch.setattr(st, "secrets", Secrets())
    config.set_option("secrets.files", [str(broken)])
    make_experiment("secret-pets")
    try:
        app = open_page("experiments")
    finally:
        config.set_option("secrets.files", [])
    assert "Nobody can sign in" in texts(app)
    assert "secret-pets" not in str(app.main)


def test_without_sign_in_there_is_one_user_who_may_do_everything(open_page, make_experiment):
    make_experiment("pets", owner="somebody-else")
    app = open_page("leaderboard", experiment="pets")
    assert {"Delete now"} <= buttons(app)
    assert "Sign out" not in buttons(app)
    assert audit.read() == []


def try_every_act() -> None:
    """Call what stands behind the buttons, as pages do that were drawn before a role changed."""
    import io
    from pathlib import Path

    import streamlit as st

    from automl.errors import NotAllowedError
    from automl.experiments import store
    from automl.experiments.chosen_thresholds import Choice
    from automl.experiments.going_on import Wish
    from automl.experiments.limits import QueueLimits
    from automl.experiments.new_data import OtherData
    from automl.experiments.remarks import Remarks
    from automl.export.request import ExportRequest
    from automl.host import home
    from automl.ui import guarded_actions
    from automl.ui.dataset import labelling

    pets, nowhere = home.experiments_dir() / "pets", Path("/nowhere")
    job = store.load_job(pets)
    arguments = {
        "start": (job,),
        "go_on_with": (pets, OtherData(nowhere)),
        "rank_to_label": (labelling.rankings(), job, nowhere, 20),
        "stop": (pets,),
        "resume": (pets,),
        "go_on": (pets, Wish(trials=2)),
        "save_version": (job, "0", "v1"),
        "describe": (pets, Remarks()),
        "choose_thresholds": (pets, "t1", Choice(aim="f1", by_label={})),
        "delete": (pets,),
        "open_test_data": (pets, "t1", lambda *_: None),
        "report": (pets,),
        "export": (ExportRequest(pets, "t1", "onnx", nowhere), lambda *_: None),
        "exported": (pets, "model", nowhere),
        "share": (pets,),
        "import_shared": (io.BytesIO(), "pets.zip"),
        "set_limits": (QueueLimits(),),
        "clear_cache": (),
        "audit_log": (),
    }
    for name, given in arguments.items():
        try:
            getattr(guarded_actions, name)(*given)
        except NotAllowedError:
            st.error(name)


def test_a_viewer_is_refused_behind_every_button_and_it_is_written_down(make_experiment, home):
    make_experiment("pets", owner="bob@example.com")
    (home / "access.yml").write_text(PEOPLE)
    app = AppTest.from_function(try_every_act)
    app.secrets = {"auth": AUTH}
    app.user = {"is_logged_in": True, "email": "eve@example.com", "email_verified": True}
    app.run()
    assert {error.value for error in app.error} == {
        name
        for name, act in vars(guarded_actions).items()
        if inspect.isfunction(act)
        and act.__module__ == guarded_actions.__name__
        and not name.startswith("_")
        and name not in ("may", "zipped")
    }
    assert [(one.who, one.outcome) for one in audit.read()] == [
        ("eve@example.com", "refused")
    ] * len(app.error)


def leave_a_picture_out() -> None:
    """Act as a click in a fragment of the Dataset page does, which has no frame."""
    from automl.jobs.corrections import Corrections
    from automl.ui.dataset import data_choice

    data_choice.correct(Corrections(exclude=["cat/1.png"]))


def test_a_viewer_corrects_no_data_on_a_page_that_was_drawn_before(home):
    (home / "access.yml").write_text(PEOPLE)
    app = AppTest.from_function(leave_a_picture_out)
    app.secrets = {"auth": AUTH}
    for who, is_refused in (("eve", True), ("bob", False)):
        user = {"is_logged_in": True, "email": f"{who}@example.com", "email_verified": True}
        app.user = user
        app.run()
        assert bool(app.error) is is_refused
        kept = list((home / "versions").glob("unsaved/*/*.json"))
        assert bool(kept) is not is_refused
    assert ("eve@example.com", "start", "refused") in {
        (one.who, one.action, one.outcome) for one in audit.read()
    }
