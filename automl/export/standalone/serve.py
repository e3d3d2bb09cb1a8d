"""HTTP server for the model: `uvicorn serve:app`. Requests and answers of /score are Azure's.

{"input_data": {"columns": ["image"], "data": ["<base64>", …]}} is answered with a list of objects
with `probs` and `labels`, one for each picture.
"""

from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from automl.dataset.preprocessing import UnreadablePicture, from_base64
from automl.export.standalone.predict import LABELS, probabilities

app = FastAPI(title="Image classification")


class Table(BaseModel):
    """One row per picture: base64 text, or a list of one such text."""

    columns: list[str]
    data: list[str | list[str]]
    index: list[Any] | None = None


class Request(BaseModel):
    """The body of a request to /score."""

    input_data: Table


@app.get("/health")
@app.get("/ready")
def health() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/score")
def score(request: Request) -> list[dict[str, Any]]:
    if request.input_data.columns != ["image"]:
        raise HTTPException(422, 'columns must be ["image"].')
    answers = []
    for number, row in enumerate(request.input_data.data):
        try:
            probs = probabilities(from_base64(row if isinstance(row, str) else "".join(row)))
        except UnreadablePicture as error:
            raise HTTPException(422, f"Picture {number}: {error}") from error
        answers.append({"probs": probs, "labels": LABELS})
    return answers
