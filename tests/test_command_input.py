"""Answers of commands to arguments that are empty, missing, unknown or elsewhere."""

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from automl.cli import cli
from automl.errors import UserError
from automl.experiments.records import TrialRecord
from automl.host import home
from automl.jobs import data_versions
from automl.jobs.corrections import Corrections


def automl(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def said(result: Result) -> str:
    """Error of a wrong call, without its box."""
    assert (result.exit_code, result.stdout) == (2, "")
    return " ".join(result.stderr.replace("│", "").split())


def test_the_package_is_the_command_and_says_its_version() -> None:
    command = [sys.executable, "-m", "automl", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"automl {metadata.version('automl-image-classification')}\n"


def test_a_terminal_without_a_dash_gets_the_table(
    make_experiment: Callable[..., Path], make_trial: Callable[..., TrialRecord]
) -> None:
    make_experiment("pets", [make_trial("t0", state="failed")])
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}  # as with LC_ALL=de_DE.iso88591
    command = [sys.executable, "-m", "automl", "leaderboard", "pets"]
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert done.stdout.splitlines()[1].startswith(b"   ?  t0")


def test_help_shows_no_value_after_a_flag() -> None:
    for command in ((), ("list",), ("weights",)):
        assert "<bool>" not in automl(*command, "--help").stdout
    assert "<path>" in automl("list", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["check", ""], "'DATA|JOB.yml'"),
        (["predict", "e", "a.png", ""], "'PATHS…'"),
        (["export", "e", "--output="], "'--output'"),
        (["audit", "--who", ""], "'--who'"),
    ],
)
def test_an_empty_value_is_not_the_working_directory(arguments: list[str], named: str) -> None:
    assert f"Invalid value for {named}: it is empty" in said(automl(*arguments))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sample", "letters", "x"], "'name': it is letters; allowed is digits."),
        (["predict", "e", "x", "--format", "xml"], "it is xml; allowed is csv or parquet or"),
        (["show"], "Missing argument 'E'. An experiment's id or directory"),
        (["validate", "."], "is a folder. Give a job file"),
        (["versions", "nowhere"], "nowhere does not exist."),
        (["export", "e"], "Missing option '--output'. Folder to create"),
    ],
)
def test_a_wrong_choice_and_a_missing_value_are_answered_with_what_is_allowed(
    arguments: list[str], words: str
) -> None:
    assert words in said(automl(*arguments))


def test_a_column_is_refused_where_no_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "cat" / "1.png")
    for option in ("--target-column", "--image-column"):
        assert said(automl("check", tmp_path, option, "kind")).startswith(
            f"{option} names a column of a table, but {tmp_path} is read without one."
        )


def test_an_unknown_action_is_no_action_that_nobody_took() -> None:
    for options in ((), ("--json",)):
        assert "--action is 'begin'; allowed is sign_in, look, predict" in said(
            automl("audit", "--action", "begin", *options)
        )
    assert automl("audit", "--action", "start").exit_code == 0


def test_a_tilde_that_the_shell_left_is_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert said(automl("import", "~/x.zip")).startswith(f"There is no file {tmp_path}/x.zip")
    assert said(automl("list", "--experiments-dir=~/x")) == f"{tmp_path}/x is not a folder."
    monkeypatch.chdir(tmp_path)
    assert "~nobody-here" in said(automl("check", "~nobody-here/pets"))  # a folder may be called so


def test_a_place_has_one_name_however_it_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pets = tmp_path / "pets"
    (pets / "cat").mkdir(parents=True)
    data_versions.keep(pets, Corrections(), "a" * 64, by="ann")
    monkeypatch.chdir(pets / "cat")
    assert "original" in automl("versions", "../../pets/").stdout
    (tmp_path / "job.yml").write_text(
        "type: automl\ntask: image_classification\ntarget_column_name: label\n"
        "training_data: {path: pets/cat/..}\n"
    )
    assert "original" in automl("versions", tmp_path / "job.yml").stdout


def test_a_working_directory_that_is_gone_is_named_as_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    result = automl("check", "pets")
    assert result.exit_code == 1
    assert result.stderr.startswith("The working directory was deleted.")


def test_a_user_without_a_home_is_told_to_name_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.delenv("AUTOML_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(UserError, match="has no home folder. Set AUTOML_HOME"):
        home.home_dir()
