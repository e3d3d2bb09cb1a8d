from pathlib import Path

import pytest

from automl.access import permissions
from automl.access.permissions import Action, Person, Role
from automl.errors import NotAllowedError

EVERYTHING = set(Action)


@pytest.fixture
def people(home):
    """Write the file that says who is let in."""

    def write(text):
        (home / "access.yml").write_text(text)

    return write


def verified(address):
    return {"email": address, "email_verified": True}


def allowed(role, *, owner=""):
    person = Person("ann@example.com", role)
    return {action for action in Action if permissions.may(person, action, owner=owner)}


def test_a_viewer_looks_and_predicts_and_no_more():
    assert allowed(Role.VIEWER) == {Action.SIGN_IN, Action.LOOK, Action.PREDICT}
    assert allowed(Role.VIEWER, owner="ann@example.com") == allowed(Role.VIEWER)


def test_an_analyst_runs_and_stops_what_is_theirs():
    of_others = allowed(Role.ANALYST, owner="bob@example.com")
    assert of_others == allowed(Role.VIEWER) | {
        Action.LABEL,
        Action.LABEL_KEPT_PICTURES,
        Action.START,
        Action.EXPORT,
        Action.SHARE,
        Action.IMPORT,
        Action.SAVE_VERSION,
    }
    of_their_own = allowed(Role.ANALYST, owner="ann@example.com")
    own = {Action.STOP, Action.RESUME, Action.DESCRIBE, Action.OPEN_TEST_DATA}
    own.add(Action.CHOOSE_THRESHOLDS)
    assert of_their_own - of_others == own


def test_an_experiment_of_nobody_is_not_everybodys():
    assert not permissions.may(Person("", Role.ANALYST), Action.STOP, owner="")


def test_an_admin_and_the_only_user_may_do_everything():
    assert allowed(Role.ADMIN) == EVERYTHING
    assert permissions.local_user().role is Role.ADMIN


def test_a_refusal_names_the_person_the_act_and_what_it_takes():
    with pytest.raises(
        NotAllowedError,
        match=r"ann@example.com is a viewer and may not start\. This needs the role analyst;",
    ):
        permissions.check(Person("ann@example.com", Role.VIEWER), Action.START)
    with pytest.raises(
        NotAllowedError, match=r"stop on an experiment of bob.*This needs the role admin"
    ):
        permissions.check(Person("ann@example.com", Role.ANALYST), Action.STOP, owner="bob")


def test_an_address_counts_more_than_its_domain(people):
    people('people: {"*@example.com": viewer, Ann@Example.com: admin, "*@lab.org": analyst}')
    assert permissions.person(verified("ann@example.com")) == Person("ann@example.com", Role.ADMIN)
    assert permissions.person(verified("BOB@example.com")) == Person("bob@example.com", Role.VIEWER)
    assert permissions.person(verified("eve@lab.org")).role is Role.ANALYST


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com.evil.org",
        "ann@evil-example.com",
        "ann@sub.example.com",
        "ann@evil.org@example.com",
        "ann@evil.org\n@example.com",
        "*@example.com ",
        "ann@ex\u00e1mple.com",
        "\u017fue@example.com",
        "@example.com",
        "example.com",
        "",
        None,
    ],
)
def test_nobody_slips_in_under_a_similar_address(people, address):
    people('people: {"*@example.com": admin}')
    with pytest.raises(NotAllowedError):
        permissions.person(verified(address))


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}, {"email_verified": "true"}])
def test_an_address_must_be_verified_unless_the_file_says_otherwise(people, claims):
    people('people: {"*@example.com": viewer}')
    with pytest.raises(NotAllowedError, match="verified"):
        permissions.person({"email": "ann@example.com", **claims})
    people('people: {"*@example.com": viewer}\nrequire_verified_email: false')
    assert permissions.person({"email": "ann@example.com", **claims}).role is Role.VIEWER


def test_without_a_file_nobody_is_let_in():
    with pytest.raises(NotAllowedError, match="ann@example.com is not in the list of people"):
        permissions.person(verified("ann@example.com"))


@pytest.mark.parametrize(
    "text",
    [
        "people: {ann@example.com: owner}",
        "people: {'*': admin}",
        "people: {'*@': admin}",
        "people: [ann@example.com]",
        "peoples: {ann@example.com: admin}",
        "people: {ann@example.com: admin",
        "!!python/object/apply:os.system [true]",
        "\x00",
    ],
)
def test_a_file_that_cannot_be_understood_lets_nobody_in(people, text):
    people(text)
    with pytest.raises(
        NotAllowedError, match=r"Nobody is let in, because .*access\.yml cannot be read"
    ):
        permissions.person(verified("ann@example.com"))


def test_the_file_may_lie_elsewhere(tmp_path: Path, monkeypatch):
    (tmp_path / "team.yml").write_text("people: {ann@example.com: analyst}")
    monkeypatch.setenv("AUTOML_ACCESS_FILE", str(tmp_path / "team.yml"))
    assert permissions.person(verified("ann@example.com")).role is Role.ANALYST


@pytest.mark.parametrize(("word", "is_required"), [("no", False), ("off", False), ("Yes", True)])
def test_a_switch_may_be_written_as_a_word(people, word, is_required):
    people(f"people: {{ann@example.com: viewer}}\nrequire_verified_email: {word}\n")
    assert permissions.load().require_verified_email is is_required
