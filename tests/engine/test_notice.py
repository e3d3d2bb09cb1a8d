"""The message to the webhook and by mail, against real servers on this machine."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from automl.engine import notice
from automl.experiments import endings
from automl.experiments.records import ExperimentRecord, now
from tests.conftest import build_trial


class Webhook(HTTPServer):
    status = 200
    received: list[bytes]


class Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(body)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    server = Webhook(("127.0.0.1", 0), Handler)
    server.received = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv(notice.VARIABLE, f"http://127.0.0.1:{server.server_port}/secret-token")
    yield server
    server.shutdown()
    server.server_close()


def ended(**fields: object) -> ExperimentRecord:
    given = {"experiment_id": "pets", "created_at": now(), "state": "completed", **fields}
    return ExperimentRecord.model_validate(given)


def test_the_end_is_told_with_what_was_tried(webhook: Webhook) -> None:
    message = f"{endings.TIME_LIMIT} 5 min was reached."
    missed = build_trial("t1", number=1, state="stopped", was_cut_short=True, started_at=None)
    record = ended(message=message, best_trial="t0", best_score=0.9)
    notice.send(record, [build_trial("t0", [0.9]), missed], "accuracy")
    (body,) = webhook.received
    text = "pets: ended at its limit: 1 of 2 tried, 1 not started, accuracy 0.900, –."
    assert json.loads(body)["text"] == text


@pytest.mark.parametrize("status", [302, 500])
def test_a_webhook_that_fails_or_points_elsewhere_changes_nothing(
    webhook: Webhook, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = status
    notice.send(ended(), [], "accuracy")
    assert len(webhook.received) == 1  # the redirect was not followed
    assert str(status) in caplog.text
    assert "secret-token" not in caplog.text


def test_only_a_web_address_is_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(notice.VARIABLE, "file:///etc/passwd")
    notice.send(ended(), [], "accuracy")
    assert "no http or https address" in caplog.text
    assert "passwd" not in caplog.text


class MailServer(socketserver.TCPServer):
    """Takes every mail, without TLS."""

    allow_reuse_address = True
    heard: list[str]


class MailSession(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)
            if line.upper() == "DATA":
                self._say("354 go on")
                while (text := self.rfile.readline().decode().strip()) != ".":
                    self.server.heard.append(text)
            self._say("221 bye" if line.upper() == "QUIT" else "250 good")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with MailServer(("127.0.0.1", 0), MailSession) as server:
        server.heard = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(notice.MAIL_TO, "ada@example.org, ben@example.org")
        yield server
        server.shutdown()


def test_the_end_is_told_by_mail(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = mail_server.server_address[1]
    monkeypatch.setenv(notice.MAIL_SERVER, f"smtp://127.0.0.1:{port}")
    notice.send(ended(best_trial="t0", best_score=0.9), [], "accuracy")
    heard = mail_server.heard
    assert not caplog.text
    assert "pets: completed, accuracy 0.900, –." in heard
    assert any(line.startswith("Subject: pets: completed, accuracy 0.900") for line in heard)
    assert [line for line in heard if line.startswith("rcpt")] == [
        "rcpt TO:<ada@example.org>",
        "rcpt TO:<ben@example.org>",
    ]


def test_a_password_is_not_sent_in_the_open(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = mail_server.server_address[1]
    monkeypatch.setenv(notice.MAIL_SERVER, f"smtp://ada:secret@127.0.0.1:{port}")
    notice.send(ended(), [], "accuracy")
    assert "the mail failed" in caplog.text
    assert "secret" not in caplog.text + "".join(mail_server.heard)
    assert not any(line.startswith(("AUTH", "DATA", "data")) for line in mail_server.heard)


def test_mail_without_a_receiver_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(notice.MAIL_SERVER, "smtp://127.0.0.1:1")
    notice.send(ended(), [], "accuracy")
    assert notice.MAIL_TO in caplog.text


@pytest.mark.parametrize("written", ['"', "a b@", "ada@[1.2.3", "<"])
def test_an_address_that_is_none_ends_no_engine(
    written: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(notice.MAIL_SERVER, "smtp://127.0.0.1:1")
    monkeypatch.setenv(notice.MAIL_TO, written)
    notice.send(ended(), [], "accuracy")
    assert "the mail failed" in caplog.text
