"""Foreign names and pages of other addresses get nothing from the app."""

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from automl.ui.host_middleware import HostMiddleware

OWN = "http://127.0.0.1:8501"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A server that answers every request, with the addresses of .streamlit/config.toml."""
    option = st.get_option
    given = {
        "server.allowedHosts": ["localhost", "127.0.0.1", "*.example.com"],
        "server.corsAllowedOrigins": ["https://outside.example.com:8443"],
    }
    monkeypatch.setattr(st, "get_option", lambda key: given.get(key) or option(key))

    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("data")

    async def open_session(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.headers["host"])
        await socket.close()

    routes = [
        WebSocketRoute("/stream", open_session),
        Route("/{path:path}", answer, methods=["GET", "POST"]),
    ]
    return TestClient(HostMiddleware(Starlette(routes=routes)), base_url=OWN)


@pytest.mark.parametrize("host", ["evil.test", "evil.test:8501", "", "127.0.0.1:x", "example.com"])
def test_a_foreign_name_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/media/a.png", "/_stcore/metrics"):
        assert client.get(path, headers={"Host": host}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/stream", headers={"Host": host}),
    ):
        pass


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "app.example.com", "LOCALHOST."])
def test_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).text == "data"


def test_a_probe_may_use_any_name(client: TestClient) -> None:
    assert client.get("/_stcore/health", headers={"Host": "10.1.2.3:8501"}).text == "data"


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:9999",
        "http://localhost:8501",
        "https://evil.test",
        "https://outside.example.com",
        "null",
    ],
)
def test_a_page_of_another_address_opens_no_session_and_changes_nothing(
    client: TestClient, origin: str
) -> None:
    headers = {"Host": "127.0.0.1:8501", "Origin": origin}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/stream", headers=headers):
        pass
    assert client.post("/upload", headers=headers).status_code == 403
    assert client.get("/static/font", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8501", OWN),
        ("app.example.com", "https://app.example.com"),
        ("app.example.com", "https://app.example.com:8443"),
        ("127.0.0.1:8501", "https://outside.example.com:8443"),
    ],
)
def test_the_own_page_opens_a_session(client: TestClient, host: str, origin: str) -> None:
    """Streamlit compares the two addresses, too."""
    headers = {"Host": host, "Origin": origin}
    with client.websocket_connect("/stream", headers=headers) as socket:
        assert socket.receive_text() == origin.partition("//")[2]
    assert client.post("/upload", headers=headers).status_code == 200
