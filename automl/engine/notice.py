"""A message to the operator's webhook, and by mail, when an experiment has ended.

The addresses come from the environment of the engine alone: a job, a page or a request cannot set
them. They may hold secrets, so they are never written to a record or a log.
"""

import json
import logging
import os
import smtplib
import ssl
import urllib.request
from collections.abc import Sequence
from email.errors import MessageError
from email.message import EmailMessage
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit

from automl.experiments import endings
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.figures import wording

VARIABLE = "AUTOML_WEBHOOK_URL"
MAIL_SERVER = "AUTOML_MAIL_SERVER"
"""`smtp://user:password@host:587`, which goes on with TLS, or `smtps://…:465`, which begins with
it."""

MAIL_TO = "AUTOML_MAIL_TO"
"""Addresses of mail, with commas."""

MAIL_FROM = "AUTOML_MAIL_FROM"
"""Address of the sender; the first of the others if it is left out."""

_TIMEOUT_SECONDS = 10.0
_OF_ADDRESSES = (LookupError, AttributeError, MessageError)
"""Errors of Python's parser of addresses, such as for `"` and `ann@[1.2.3`."""

_log = logging.getLogger(__name__)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none: the message goes to the address that the operator wrote, or nowhere."""


def send(record: ExperimentRecord, trials: Sequence[TrialRecord], metric: str) -> None:
    """Tell how an experiment ended, where the environment says; failures are logged, no more."""
    message = content(record, trials, metric)
    if address := os.environ.get(VARIABLE, ""):
        _post(address, message)
    if server := os.environ.get(MAIL_SERVER, ""):
        _mail(server, str(message["text"]))


def _post(address: str, message: dict[str, str | float | None]) -> None:
    """Post the message as JSON; `text` is a sentence that chat programs show."""
    if not address.startswith(("https://", "http://")):
        _log.warning("%s is no http or https address; no message is sent.", VARIABLE)
        return
    body = json.dumps(message).encode()
    headers = {"Content-Type": "application/json"}
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        request = urllib.request.Request(address, body, headers)
        with opener.open(request, timeout=_TIMEOUT_SECONDS):
            pass
    except (OSError, ValueError, HTTPException) as error:
        code = getattr(error, "code", "")
        _log.warning("the message to the webhook failed: %s %s", type(error).__name__, code)


def _mail(server: str, text: str) -> None:
    """Send the sentence by mail."""
    receivers = [word.strip() for word in os.environ.get(MAIL_TO, "").split(",") if word.strip()]
    if not receivers or not server.startswith(("smtp://", "smtps://")):
        _log.warning("%s needs smtp:// or smtps://, and %s an address.", MAIL_SERVER, MAIL_TO)
        return
    try:
        mail = EmailMessage()
        mail["Subject"], mail["To"] = text, ", ".join(receivers)
        mail["From"] = os.environ.get(MAIL_FROM, "") or receivers[0]
        mail.set_content(f"{text}\n")
        _submit(server, mail)
    except (OSError, ValueError, smtplib.SMTPException, *_OF_ADDRESSES) as error:
        code = getattr(error, "smtp_code", "")
        _log.warning("the mail failed: %s %s", type(error).__name__, code)


def _submit(server: str, mail: EmailMessage) -> None:
    place, context = urlsplit(server), ssl.create_default_context()
    host = place.hostname or ""
    if place.scheme == "smtps":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            host, place.port or 465, timeout=_TIMEOUT_SECONDS, context=context
        )
    else:
        session = smtplib.SMTP(host, place.port or 587, timeout=_TIMEOUT_SECONDS)
    with session:
        session.ehlo()
        if place.scheme == "smtp" and (place.username or session.has_extn("starttls")):
            session.starttls(context=context)  # refused by a server without TLS: no open password
        if place.username:
            session.login(unquote(place.username), unquote(place.password or ""))
        session.send_message(mail)


def content(
    record: ExperimentRecord, trials: Sequence[TrialRecord], metric: str
) -> dict[str, str | float | None]:
    """The message: names and numbers of the experiment, no pictures, labels or paths."""
    outcome = wording.outcome(record.state, endings.extent(record, trials))
    score = wording.expected(record) or wording.score(record.best_score)
    found = "" if record.best_trial is None else f", {wording.metric(metric)} {score}"
    return {
        "text": f"{record.experiment_id}: {outcome}{found}, {wording.duration(record.seconds)}.",
        "experiment": record.experiment_id,
        "state": record.state.value,
        "primary_metric": metric,
        "best_trial": record.best_trial,
        "best_score": None if record.best_score != record.best_score else record.best_score,
        "seconds": record.seconds,
    }
