"""HTTP server for the model: `uvicorn serve:app`. Requests and answers of /score are Azure's.

{"input_data": {"columns": ["image"], "data": ["<base64>", …]}} is answered with a list of objects
with `probs` and `labels`, one for each picture. A refusal is {"detail": "a sentence"}.
"""

from typing import Any

from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from automl.dataset.preprocessing import UnreadablePicture, from_base64
from automl.export.standalone.predict import LABELS, probabilities
from automl.export.standalone.scoring_request import BadRequest, pictures

MAX_REQUEST_BYTES = 32_000_000

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
        return {"probs": probabilities(from_base64(text)), "labels": LABELS}
    except UnreadablePicture as error:
        raise HTTPException(422, f"Picture {number}: {error}") from None
