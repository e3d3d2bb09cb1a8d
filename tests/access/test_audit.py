import json
import os
import stat
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from automl.access import audit, permissions
from automl.access.permissions import Action, Person, Role
from automl.cli import cli
from automl.errors import NotAllowedError

ANN = Person("ann@example.com", Role.ANALYST)


def act(action=Action.START, experiment="pets", **options):
    with audit.recorded(ANN, action, experiment, via="page", **options):
        pass


def command(*arguments):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def entries():
    return [(one.who, one.action.value, one.experiment, one.outcome) for one in audit.read()]


def test_what_is_done_refused_or_fails_is_written_down():
    act()
    with pytest.raises(NotAllowedError):
        act(Action.STOP, owner="bob@example.com")
    with (
        pytest.raises(ValueError, match="no room"),
        audit.recorded(ANN, Action.SHARE, "pets", via="page"),
    ):
        raise ValueError("no room")
    assert entries() == [
        ("ann@example.com", "start", "pets", "done"),
        ("ann@example.com", "stop", "pets", "refused"),
        ("ann@example.com", "share", "pets", "failed"),
    ]
    assert audit.read()[2].details == {"reason": "no room"}


def test_only_this_user_can_read_it_and_nothing_in_it_changes():
    previous = os.umask(0)
    try:
        act()
        before = audit.path().read_bytes()
        act(Action.SHARE)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(audit.path().stat().st_mode) == 0o600
    assert audit.path().read_bytes().startswith(before)


def test_nothing_is_done_that_cannot_be_written_down():
    audit.path().mkdir()
    done = []
    with pytest.raises(IsADirectoryError), audit.recorded(ANN, Action.START, via="page"):
        done.append(1)
    assert done == []


@pytest.mark.parametrize("name", ['pets"\n{"who": "bob"}', "x" * 10_000, "\u2028", "\ud800"])
def test_no_name_makes_a_line_of_its_own(name):
    act(experiment=name, what=name)
    assert len(audit.path().read_bytes().splitlines()) == 1
    (entry,) = audit.read()
    assert entry.who == "ann@example.com"
    assert entry.experiment == name[:500].replace("\ud800", "?")


def test_a_line_cut_off_by_a_crash_hides_no_other():
    act()
    with audit.path().open("ab") as file:
        file.write(b'{"time": "2026-\n')
    act(Action.SHARE)
    assert [action for _, action, _, _ in entries()] == ["start", "share"]


def test_a_line_without_an_end_does_not_swallow_the_next_one():
    act()
    with audit.path().open("ab") as file:
        file.write(b'{"time": "2026-')
    act(Action.SHARE)
    assert [action for _, action, _, _ in entries()] == ["start", "share"]


def test_a_link_in_its_place_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("as it was")
    audit.path().symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        act()
    assert (tmp_path / "precious").read_text() == "as it was"


def test_processes_that_write_at_the_same_time_mix_no_lines():
    program = (
        "from automl.access import audit, permissions\n"
        "person = permissions.Person('p' * 400, permissions.Role.ADMIN)\n"
        "for _ in range(100):\n"
        "    with audit.recorded(person, permissions.Action.LOOK, 'e' * 400, via='page'): pass\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(audit.read()) == 200


def test_the_command_line_writes_down_what_it_does_and_shows_it(with_test_data, tmp_path):
    shared = tmp_path / "shared.zip"
    command("test", "pets")
    command("share", "pets", "--output", shared)
    command("report", "pets", "--output", tmp_path / "report.html")
    command("import", shared)
    command("delete", "pets-2", "--yes")
    me = permissions.local_user().name
    expected = [
        (me, "open_test_data", "pets", "done"),
        (me, "share", "pets", "done"),
        (me, "export", "pets", "done"),
        (me, "import", "pets-2", "done"),
        (me, "delete", "pets-2", "done"),
    ]
    assert entries() == expected
    assert not (with_test_data.parent / "pets-2").exists()
    shown = json.loads(command("audit", "--experiment", "pets-2", "--json"))
    assert [entry["action"] for entry in shown["entries"]] == ["import", "delete"]
    assert "open_test_data" in command("audit", "--last", "5")
    assert "share" not in command("audit", "--action", "delete")


@pytest.mark.usefixtures("running")
def test_stopping_is_written_down():
    command("stop", "pets")
    assert entries() == [(permissions.local_user().name, "stop", "pets", "done")]
