import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from automl.access import audit, permissions
from automl.experiments.records import TrialRecord
from tests.browser.conftest import IS_WHOLE, Server, on_page
from tests.browser.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider

pytestmark = pytest.mark.browser

PEOPLE = {"ann@example.com": True, "bob@example.com": False, "eve@evil.org": True}
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "a-cookie-secret-of-more-than-32-bytes"
client_id = "{id}"
client_secret = "{secret}"
server_metadata_url = "{url}/.well-known/openid-configuration"
"""


@pytest.fixture
def team(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The app for a team with a provider of its own; everybody of example.com may look."""
    permissions.path().write_text('people: {"*@example.com": viewer}')
    (tmp_path / ".streamlit").mkdir()
    with Provider(PEOPLE) as provider:
        secrets = SECRETS.format(id=CLIENT_ID, secret=CLIENT_SECRET, url=provider.url)
        path = tmp_path / ".streamlit" / "secrets.toml"
        path.touch(mode=0o600)
        path.write_text(secrets)
        monkeypatch.setenv("HOME", str(tmp_path))
        server = Server("--team")
        yield server
        server.kill()
    assert home.is_dir()


def sign_in(page: Page, address: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=address).click()
    page.wait_for_selector(IS_WHOLE)


def answer_to(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_team_signs_in_and_nobody_else_gets_anything(
    team: Server,
    page: Page,
    make_experiment: Callable[..., Path],
    make_trial: Callable[..., TrialRecord],
) -> None:
    make_experiment("secret-pets", [make_trial("t1", [0.9])])
    media: list[tuple[str, int]] = []

    def keep(found: Response) -> None:
        if found.url.startswith(f"{team.url}/media/"):
            media.append((found.url, found.status))

    page.on("response", keep)
    link = f"{team.url}/leaderboard?experiment=secret-pets"

    page.goto(link)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert "secret-pets" not in page.content()
    assert {status for _, status in media} <= {403}

    sign_in(page, "eve@evil.org")
    expect(page.get_by_text("is not in the list of people")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    sign_in(page, "bob@example.com")
    expect(page.get_by_text("has not verified the address")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    sign_in(page, "ann@example.com")
    page.goto(link)
    on_page(page, "Leaderboard")
    expect(page.get_by_role("button", name="example.com")).to_be_visible()
    page.wait_for_selector(IS_WHOLE)

    with_cookie = [url for url, status in media if status == 200]
    assert with_cookie
    for url in [*with_cookie, f"{team.url}/_stcore/upload_file/a/b"]:
        assert answer_to(url) == 403

    cookies = page.context.cookies()
    forged = [
        {**cookie, "value": "x" + cookie["value"][1:]}
        for cookie in cookies
        if cookie["name"] == "_streamlit_user"
    ]
    assert forged
    page.context.clear_cookies()
    page.context.add_cookies(forged)
    page.goto(link)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    signed_in = [(entry.who, entry.outcome) for entry in audit.read()]
    assert ("eve@evil.org", "refused") in signed_in
    assert ("bob@example.com", "refused") in signed_in
    assert ("ann@example.com", "done") in signed_in
