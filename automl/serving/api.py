"""The routes of a server, as docs/serving.md describes them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, File, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from automl.prediction.inference import Answer, Failure, Prediction
from automl.serving import page, scoring
from automl.serving.admission import Admission
from automl.serving.limits import Limits, Refusal
from automl.serving.metrics import Metrics
from automl.serving.models import Models, ServedModel

_SCHEMAS = "#/components/schemas/"
_SCORING_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}ScoringRequest"}}},
    }
}


class Detail(BaseModel):
    """The reason why a request was refused."""

    detail: str


class ModelFacts(BaseModel):
    """The name, the trial and the labels of a model."""

    name: str
    is_default: bool
    trial_id: str
    labels: list[str]


class FileAnswer(BaseModel):
    """The prediction for one uploaded picture, or the reason why it cannot be read."""

    filename: str
    label: str | None = None
    probability: float | None = None
    unlike: bool | None = None
    answer_set: list[str] | None = None
    probabilities: dict[str, float] | None = None
    error: str | None = None


class FileAnswers(BaseModel):
    """One answer per file, in the same order."""

    predictions: list[FileAnswer]


class State(BaseModel):
    """`alive` or `ready`."""

    status: str


_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Detail, "description": why}
    for status, why in (
        (400, "Not valid JSON, or not complete"),
        (401, "The key is missing or wrong"),
        (404, "No such model"),
        (408, "The request arrived too slowly"),
        (413, "Too large, or too many pictures"),
        (422, "Not a request of this form, or not a picture"),
        (503, "Too many requests at the same time; Retry-After says when to try again"),
    )
}
_EXPLAINED: dict[int | str, dict[str, Any]] = {
    200: {"model": list[scoring.ScoringAnswer]},
    501: {"model": Detail, "description": "This server cannot explain the model"},
}


def create(
    models: Models,
    metrics: Metrics,
    *,
    limits: Limits,
    keys: Sequence[bytes] = (),
    is_local: bool = False,
) -> FastAPI:
    """Create the app, which closes the models at its end.

    Args:
        models: the models it serves.
        metrics: counts the requests.
        limits, keys, is_local: see `Admission`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        models.close()

    app = FastAPI(
        title="Image classification",
        description="Models of AutoML Image Classification, served.",
        version="1",
        docs_url=None,  # FastAPI's page loads scripts from a CDN
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(Admission, limits=limits, metrics=metrics, keys=keys, is_local=is_local)
    app.add_exception_handler(Refusal, _refusal_response)
    app.add_exception_handler(HTTPException, _refusal_response)
    app.add_exception_handler(RequestValidationError, _invalid_request_response)
    _add_operator_routes(app, metrics)
    _add_answering_routes(app, models, limits)
    _complete_schema(app.openapi(), has_key=bool(keys))
    return app


def _add_operator_routes(app: FastAPI, metrics: Metrics) -> None:
    @app.get("/health", response_model=State)
    async def health() -> Response:
        """Answer as long as the process is alive."""
        return JSONResponse({"status": "alive"})

    @app.get("/ready", response_model=State)
    async def ready() -> Response:
        """Answer once the models are loaded; before that, no connection is accepted."""
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", response_class=Response, responses={401: _REFUSALS[401]})
    async def show_metrics() -> Response:
        """Return the metrics in the text format of Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> HTMLResponse:
        return HTMLResponse(page.render(app.openapi()))


def _add_answering_routes(app: FastAPI, models: Models, limits: Limits) -> None:
    score_docs: dict[str, Any] = {
        "responses": {**_REFUSALS, **_EXPLAINED},
        "openapi_extra": _SCORING_BODY,
    }
    predict_docs: dict[str, Any] = {
        "responses": {**_REFUSALS, 200: {"model": FileAnswers}},
        "response_model": FileAnswers,
    }

    @app.get("/models", responses={401: _REFUSALS[401]})
    async def list_models() -> list[ModelFacts]:
        """List the models; the first one answers requests that name none."""
        return [
            ModelFacts(
                name=model.name,
                is_default=model is models.default,
                trial_id=model.predictor.trial_id,
                labels=model.predictor.labels,
            )
            for model in models.by_name.values()
        ]

    @app.post("/score", **score_docs)
    async def score(request: Request) -> Response:
        """Answer Azure's scoring request with the first model."""
        return await _score(models, None, await request.body(), limits)

    @app.post("/models/{name}/score", **score_docs)
    async def score_with(name: str, request: Request) -> Response:
        """Answer Azure's scoring request with the named model."""
        return await _score(models, name, await request.body(), limits)

    @app.post("/predict", **predict_docs)
    async def predict(files: Annotated[list[UploadFile], File()]) -> Response:
        """Answer for uploaded pictures with the first model."""
        return await _predict(models.named(None), files, limits)

    @app.post("/models/{name}/predict", **predict_docs)
    async def predict_with(name: str, files: Annotated[list[UploadFile], File()]) -> Response:
        """Answer for uploaded pictures with the named model."""
        return await _predict(models.named(name), files, limits)


async def _score(models: Models, name: str | None, body: bytes, limits: Limits) -> Response:
    model, entries = models.named(name), scoring.parse(body)
    _refuse_too_many(len(entries), limits)
    for entry in entries:
        if entry.model_explainability:
            models.explanations.check(model.predictor, entry.xai_parameters or {})
    pictures = [scoring.picture_bytes(entry, number) for number, entry in enumerate(entries, 1)]
    found = [_usable(one, number) for number, one in enumerate(await model.answers(pictures), 1)]
    answers = []
    for entry, picture, answer in zip(entries, pictures, found, strict=True):
        explanation = {}
        if entry.model_explainability:
            explanation = await models.explanations.explain(
                model.predictor, picture, answer, entry.xai_parameters or {}
            )
        added = {**model.additions(answer), **explanation}
        answers.append(scoring.answer_text(answer.probabilities, model.labels_json, added))
    return Response(f"[{', '.join(answers)}]", media_type="application/json")


def _usable(answer: Answer | Failure, number: int) -> Answer:
    if isinstance(answer, Failure):
        raise Refusal(422, f"Picture {number} cannot be used. {answer.message}")
    return answer


async def _predict(model: ServedModel, files: list[UploadFile], limits: Limits) -> Response:
    _refuse_too_many(len(files), limits)
    pictures = [await file.read() for file in files]
    answers = []
    for file, one in zip(files, await model.answers(pictures), strict=True):
        answer = one if isinstance(one, Failure) else model.predictor.prediction(one)
        answers.append({"filename": file.filename or "", **_fields(answer)})
    failed = [answer for answer in answers if "error" in answer]
    if len(failed) == len(answers):
        raise Refusal(422, f"No file can be used. {failed[0]['filename']}: {failed[0]['error']}")
    return JSONResponse({"predictions": answers})


def _fields(answer: Prediction | Failure) -> dict[str, Any]:
    if isinstance(answer, Failure):
        return {"error": answer.message}
    return answer.fields()


def _refuse_too_many(count: int, limits: Limits) -> None:
    if count > limits.max_pictures:
        raise Refusal(
            413, f"{count:,} pictures are too many for one request; send {limits.max_pictures:,}."
        )


async def _refusal_response(_: Request, error: Exception) -> Response:
    if isinstance(error, Refusal):
        return JSONResponse({"detail": error.sentence}, error.status)
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": str(error.detail)}, error.status_code, error.headers)


async def _invalid_request_response(_: Request, error: Exception) -> Response:
    """Answer with a sentence that leaves out the input, which can have megabytes."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return JSONResponse(
        {
            "detail": f"{field}: {first['msg']}. Send the pictures as multipart/form-data, each "
            "as a file of the field called files."
        },
        422,
    )


def _complete_schema(schema: dict[str, Any], *, has_key: bool) -> None:
    """Add to the OpenAPI what FastAPI cannot derive: the parsed body of /score, and the key."""
    request = scoring.ScoringRequest.model_json_schema(ref_template=_SCHEMAS + "{model}")
    parts = schema["components"]["schemas"]
    parts |= {**request.pop("$defs"), "ScoringRequest": request}
    if not has_key:
        return
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"key": []}]
    for path in ("/health", "/ready"):
        schema["paths"][path]["get"]["security"] = []
