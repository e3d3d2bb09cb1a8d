"""One test for each thing of Streamlit that the app uses although it is not in its public API.

A failure here means: this version of Streamlit has changed it. The message names the file to mend.
"""

import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from automl.access import permissions
from automl.ui import preload, streamlit_words
from automl.ui.sign_in_middleware import SignInMiddleware

SECRET = "x" * 32
COOKIES = "streamlit.web.server.starlette.starlette_websocket"


def changed(name: str, file: str) -> str:
    return f"Streamlit has changed {name}: mend {file}"


def part(module: str, name: str, file: str) -> object:
    """Something of Streamlit by its name."""
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        pytest.fail(changed(f"{module}.{name}", file))


def signed_cookie(claims: dict[str, object]) -> str:
    """The cookie as Streamlit's own sign-in writes it."""
    file = "tests/ui/test_streamlit_internals.py"
    sign = part("streamlit.web.server.starlette.starlette_app_utils", "create_signed_value", file)
    assert callable(sign)
    value = sign(SECRET, "_streamlit_user", json.dumps(claims))
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture
def client(home, monkeypatch) -> TestClient:  # noqa: ARG001 (sets the folder of the people)
    """A server that answers `data` at every address, behind the sign-in."""
    permissions.path().write_text("people: {ann@example.com: viewer}")
    monkeypatch.setattr(f"{COOKIES}.get_cookie_secret", lambda: SECRET)

    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("data")

    app = Starlette(routes=[Route("/{path:path}", answer)])
    return TestClient(SignInMiddleware(app))


ANN = {"email": "ann@example.com", "email_verified": True}
GUARDED = (
    "/media/a.png",
    "/_stcore/upload_file/a/b",
    "/_stcore/metrics",
    "/app/static/a",
    "/new/x",
)


def statuses(client: TestClient, cookie: str | None) -> set[int]:
    headers = {} if cookie is None else {"Cookie": f"_streamlit_user={cookie}"}
    return {client.get(path, headers=headers).status_code for path in GUARDED}


def test_the_cookie_of_the_sign_in(client):
    file = "automl/ui/sign_in_middleware.py"
    name = part("streamlit.web.server.starlette.starlette_server_config", "USER_COOKIE_NAME", file)
    assert name == "_streamlit_user", changed("USER_COOKIE_NAME", file)
    assert statuses(client, signed_cookie(ANN)) == {200}, changed("its signed cookie", file)
    assert statuses(client, None) == {403}
    assert statuses(client, "x" + signed_cookie(ANN)[1:]) == {403}
    assert statuses(client, signed_cookie({"email": "eve@evil.org"})) == {403}


@pytest.mark.parametrize(
    "now",
    [None, lambda: b"{}", lambda *_: b"not JSON", lambda *_: b"[]", lambda *_: "\ud800", 1 / 3],
    ids=["gone", "other arguments", "no JSON", "no claims", "no text", "no function"],
)
def test_without_the_private_function_nobody_gets_through(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, now: Callable[..., object] | None
) -> None:
    cookie = signed_cookie(ANN)
    name = f"{COOKIES}._get_signed_cookie_with_chunks"
    if now is None:
        monkeypatch.delattr(name)
    else:
        monkeypatch.setattr(name, now)
    assert statuses(client, cookie) == {403}


def test_the_addresses_of_streamlit():
    file = "automl/ui/sign_in_middleware.py"
    routes = "streamlit.web.server.starlette.starlette_routes"
    addresses = {
        "BASE_ROUTE_STATIC": "static",
        "BASE_ROUTE_MEDIA": "media",
        "BASE_ROUTE_UPLOAD_FILE": "_stcore/upload_file",
        "ROUTE_HEALTH": "_stcore/health",
        "ROUTE_HOST_CONFIG": "_stcore/host-config",
    }
    for name, address in addresses.items():
        assert part(routes, name, file) == address, changed(name, file)


@pytest.mark.parametrize(
    "path",
    ["/", "/trial", "/trial/static/js/a.js", "/static/a.css", "/_stcore/health", "/auth/login"],
)
def test_what_the_sign_in_itself_needs_is_open(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/trial/media/a.png", "/static/%2e%2e/media/a.png", "//media/a.png", "/MEDIA/a.png"]
)
def test_a_disguised_address_is_guarded(client, path):
    assert client.get(path).status_code == 403


def test_the_mark_that_app_py_has_run():
    file = "automl/ui/through_app.py"
    manager = part("streamlit.runtime.pages_manager", "PagesManager", file)
    assert hasattr(manager, "uses_pages_directory"), changed("PagesManager", file)


def test_a_tab_knows_whether_it_is_open():
    def page() -> None:
        import streamlit as st

        first, second = st.tabs(["a", "b"], key="tab", on_change="rerun")
        st.text(f"{first.open} {second.open}")

    app = AppTest.from_function(page).run()
    assert app.text[0].value == "True False", changed("st.tabs", "automl/ui/tabs.py")


@pytest.mark.parametrize("kind", ["PlotlyChart", "DataFrame"])
def test_the_scripts_that_the_browser_loads_ahead(kind):
    assert len(preload._scripts(kind)) == 1, changed("its scripts", "automl/ui/preload.py")


def test_secrets_can_be_asked_whether_they_exist():
    read = getattr(st.secrets, "load_if_toml_exists", None)
    assert callable(read), changed("st.secrets", "automl/ui/sign_in.py")


def test_the_command_line_starts_a_script():
    assert callable(part("streamlit.web.cli", "main", "automl/ui/server.py"))


def test_an_app_hands_over_its_errors():
    with pytest.raises(TypeError):
        st.App("app.py", no_such_option=True)  # type: ignore[call-arg]
    st.App("app.py", on_script_error=lambda _: True)  # error_boundary.py rests on it


def test_the_words_that_pages_in_another_language_replace():
    """Streamlit puts some together: `Press Enter to ` and `apply`."""
    folder = Path(st.__file__).parent / "static" / "static" / "js"
    code = "".join(path.read_text(errors="replace") for path in folder.glob("*.js"))
    words = {word for words in streamlit_words.WORDS.values() for word in words}
    pieces = {piece for word in words for piece in re.split(r"\{\w+\}| • |(?<=Enter to )", word)}
    gone = [piece for piece in pieces if piece not in code]
    assert not gone, changed("its own words", "automl/ui/streamlit_words.py")
