"""HTTP server for the model: `uvicorn serve:app`. Requests and answers of /score are Azure's.

{"input_data": {"columns": ["image"], "data": ["<base64>", …]}} is answered with a list of objects
with `probs` and `labels`, one for each picture. A refusal is {"detail": "a sentence"}.
With a share of false alarms in the environment, `FALSE_ALARMS=0.01`, each object says in `unlike`
whether the picture is unlike the training pictures; null from a model that does not say it.
"""

import os
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from automl.dataset.preprocessing import UnreadablePicture, from_base64
from automl.evaluation import unlike
from automl.export.standalone.predict import LABELS, SETTINGS, answer
from automl.export.standalone.scoring_request import BadRequest, pictures

MAX_REQUEST_BYTES = 32_000_000
FALSE_ALARMS = unlike.rate_of(os.environ["FALSE_ALARMS"]) if "FALSE_ALARMS" in os.environ else None
unlike.threshold_of(SETTINGS, FALSE_ALARMS)  # the start fails if the model allows no such share

app = FastAPI(title="Image classification")


@app.get("/health")
@app.get("/ready")
def health() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/score")
async def score(request: Request) -> list[dict[str, Any]]:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_REQUEST_BYTES:
            raise HTTPException(413, f"A request has at most {MAX_REQUEST_BYTES:,} bytes.")
    return await run_in_threadpool(_answers, bytes(body))


def _answers(body: bytes) -> list[dict[str, Any]]:
    try:
        texts = pictures(body)
    except BadRequest as error:
        raise HTTPException(422, str(error)) from None
    return [_answer(text, number) for number, text in enumerate(texts, 1)]


def _answer(text: str, number: int) -> dict[str, Any]:
    try:
        probs, is_unlike = answer(from_base64(text), FALSE_ALARMS)
    except UnreadablePicture as error:
        raise HTTPException(422, f"Picture {number}: {error}") from None
    said = {"probs": probs, "labels": LABELS}
    return said if FALSE_ALARMS is None else {**said, "unlike": is_unlike}
