"""The message to the webhook, against a real server on this machine."""

import json
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
