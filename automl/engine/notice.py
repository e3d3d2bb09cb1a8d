"""A message to the operator's webhook when an experiment has ended.

The address comes from the environment of the engine alone: a job, a page or a request cannot set
it. It may hold a secret, so it is never written to a record or a log.
"""

import json
import logging
import os
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any

from automl.experiments import endings
from automl.experiments.records import ExperimentRecord, TrialRecord
from automl.figures import wording

VARIABLE = "AUTOML_WEBHOOK_URL"
_TIMEOUT_SECONDS = 10.0
_log = logging.getLogger(__name__)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow none: the message goes to the address that the operator wrote, or nowhere."""


def send(record: ExperimentRecord, trials: Sequence[TrialRecord], metric: str) -> None:
    """Post how an experiment ended as JSON; `text` is a sentence that chat programs show.

    Nothing is sent without `AUTOML_WEBHOOK_URL`. A failure is logged, and changes nothing else.
    """
    address = os.environ.get(VARIABLE, "")
    if not address:
        return
    if not address.startswith(("https://", "http://")):
        _log.warning("%s is no http or https address; no message is sent.", VARIABLE)
        return
    body = json.dumps(content(record, trials, metric)).encode()
    headers = {"Content-Type": "application/json"}
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        request = urllib.request.Request(address, body, headers)
        with opener.open(request, timeout=_TIMEOUT_SECONDS):
            pass
    except (OSError, ValueError, HTTPException) as error:
        code = getattr(error, "code", "")
        _log.warning("the message to the webhook failed: %s %s", type(error).__name__, code)


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
