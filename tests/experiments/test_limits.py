"""The bounds of the queue: kept in a file, set on the command line."""

import json
import os

import pytest
from typer.testing import CliRunner, Result

from automl.access import audit
from automl.cli import cli
from automl.experiments import limits
from automl.experiments.limits import QueueLimits


def automl(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["limits", *map(str, arguments)])


def entries() -> list[tuple[str, str, dict[str, str]]]:
    return [(one.action.value, one.outcome, one.details) for one in audit.read()]


@pytest.mark.parametrize(
    "wanted", [QueueLimits(), QueueLimits(max_running=2, max_waiting_per_user=0)]
)
def test_what_is_saved_is_what_is_loaded(wanted: QueueLimits) -> None:
    limits.save(wanted)
    assert limits.load() == wanted


def test_a_crash_while_saving_leaves_the_previous_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    def power_cut(_: int) -> None:
        raise KeyboardInterrupt

    limits.save(QueueLimits(max_running=1))
    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        limits.save(QueueLimits(max_running=2))
    assert limits.load() == QueueLimits(max_running=1)


def test_the_command_shows_the_limits_and_changes_nothing() -> None:
    limits.path().write_text("max_running: 2  # ours")
    assert "no limit" in automl().stdout
    shown = json.loads(automl("--json").stdout)
    assert (shown["max_running"], shown["max_waiting_per_user"]) == (2, None)
    assert limits.path().read_text() == "max_running: 2  # ours"
    assert audit.read() == []


def test_the_command_sets_what_is_given_and_it_is_written_down() -> None:
    limits.save(QueueLimits(max_running=2))
    automl("--max-running-per-user", 1)
    assert limits.load() == QueueLimits(max_running=2, max_running_per_user=1)
    automl("--max-waiting-per-user", 0, "--replace")
    assert limits.load() == QueueLimits(max_waiting_per_user=0)
    words = {"max_running": "no limit", "max_running_per_user": "no limit"}
    assert entries()[1:] == [("set_limits", "done", {**words, "max_waiting_per_user": "0"})]


def test_a_file_that_cannot_be_used_is_named_and_can_be_replaced() -> None:
    limits.path().write_text("max_running: many")
    refused = automl("--max-running", 2)
    assert refused.exit_code == 2
    assert "max_running cannot be used" in refused.stderr
    assert "--replace" in refused.stderr
    assert automl("--replace", "--max-running", 2).exit_code == 0
    assert limits.load() == QueueLimits(max_running=2)


@pytest.mark.parametrize("option", ["--max-running", "--max-running-per-user"])
def test_nothing_may_run_is_no_limit(option: str) -> None:
    assert automl(option, 0).exit_code == 2
    assert not limits.path().exists()


def test_a_limit_is_decimal_even_with_leading_zeros() -> None:
    limits.path().write_text("max_running: 010\nmax_waiting_per_user: null\n")
    assert limits.load() == QueueLimits(max_running=10)
