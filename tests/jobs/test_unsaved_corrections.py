"""Corrections in no version outlast their session, and no session overwrites those of another."""

from pathlib import Path

from automl.host import home
from automl.jobs import unsaved_corrections
from automl.jobs.corrections import Corrections

DATA = Path("/data/pets")


def kept(session: str) -> list[list[str]]:
    """Pictures that other sessions leave out, the latest first."""
    others = unsaved_corrections.of_others(DATA, "ann", session)
    return [one.corrections.exclude for one in others]


def leave_out(name: str, session: str) -> None:
    unsaved_corrections.keep(DATA, "ann", session, Corrections(exclude=[name]))


def test_two_tabs_keep_each_their_own() -> None:
    leave_out("a.png", "first")
    leave_out("b.png", "second")
    assert kept("new") == [["b.png"], ["a.png"]]
    assert kept("first") == [["b.png"]]
    unsaved_corrections.keep(DATA, "ann", "second", Corrections())  # all undone
    assert kept("new") == [["a.png"]]
    assert unsaved_corrections.of_others(DATA, "bob", "new") == []
    (found,) = unsaved_corrections.of_others(DATA, "ann", "new")
    unsaved_corrections.forget(found)
    assert kept("new") == []


def test_a_damaged_file_hides_no_other_and_the_oldest_of_many_go() -> None:
    leave_out("a.png", "first")
    (path,) = (home.versions_dir() / "unsaved").rglob("*.json")
    (path.parent / "damaged.json").write_text("{")
    assert kept("new") == [["a.png"]]
    for number in range(25):
        leave_out(f"{number}.png", f"session {number}")
    assert len(kept("new")) == 20
    assert kept("new")[0] == ["24.png"]
