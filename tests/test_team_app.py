import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from automl.cli import cli

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Streamlit looks for secrets below the home and the working directory."""
    (tmp_path / ".streamlit").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".streamlit" / "secrets.toml"
    path.touch(mode=0o600)
    return path


def refusal():
    result = CliRunner().invoke(cli, ["app", "--team", "--port", "8849"])
    assert result.exit_code == 2
    return result.stderr


def test_a_team_app_without_people_does_not_start(elsewhere):
    elsewhere.write_text("[auth]\nclient_id = 'x'")
    assert "access.yml admits nobody" in refusal()


def test_a_team_app_whose_people_cannot_be_read_does_not_start(home):
    (home / "access.yml").write_text("people: {ann@example.com: boss}")
    assert "Nobody is let in" in refusal()


def test_a_team_app_whose_secrets_others_can_read_does_not_start(home, elsewhere):
    (home / "access.yml").write_text("people: {ann@example.com: admin}")
    elsewhere.write_text("[auth]")
    elsewhere.chmod(0o640)
    assert f"chmod 600 {elsewhere}" in refusal()


@pytest.mark.parametrize("secrets", [None, "", "[other]\nauth = 1", "[auth\n", "\ufeff[auth]"])
def test_a_team_app_that_nobody_could_sign_in_to_does_not_start(home, elsewhere, secrets):
    (home / "access.yml").write_text("people: {ann@example.com: admin}")
    if secrets is None:
        elsewhere.unlink()
    else:
        elsewhere.write_text(secrets)
    said = refusal()
    assert "There is no [auth] section in" in said or "cannot be read" in said


def test_the_app_is_shut_by_default():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    server = settings["server"]
    assert server["address"] == "127.0.0.1"
    assert server["allowedHosts"] == ["localhost", "127.0.0.1"]
    assert server["enableCORS"] is server["enableXsrfProtection"] is True
    assert "enableAgentApi" not in server
    assert settings["browser"]["gatherUsageStats"] is False
