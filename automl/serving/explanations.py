"""Explanations of a served model's answers. Only this module of the server uses
`automl.explanation`."""

import asyncio
import base64
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.explainer import Explainer, missing
from automl.explanation.request import ExplanationParameters
from automl.prediction.inference import Predictor
from automl.serving.limits import Refusal


class Explanations:
    """Explains one picture at a time, because each takes seconds and much memory.

    The process that computes them starts with the first explanation.
    """

    def __init__(self) -> None:
        self._explainer = Explainer()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explain")

    def check(self, predictor: Predictor, parameters: Mapping[str, Any]) -> None:
        """Refuse a request before any work is done for it.

        Raises:
            Refusal: 501 if this server cannot explain, 422 if the parameters are not valid.
        """
        if sentence := missing():
            raise Refusal(501, sentence)
        experiment_dir = predictor.model_dir.parent
        checkpoint_dir = store.final_model_dir(experiment_dir, predictor.trial_id)
        if not (checkpoint_dir / "model.safetensors").is_file():
            raise Refusal(
                501,
                "Explanations need the trial's checkpoint, and this model was exported without "
                "it. Serve the experiment itself.",
            )
        _parsed(parameters)

    async def explain(
        self, predictor: Predictor, picture: bytes, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return `visualizations` and `attributions`, those that the parameters ask for.

        Raises:
            Refusal: 422, the picture cannot be explained.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._fields, predictor, picture, parameters
        )

    def close(self) -> None:
        self._thread.shutdown()
        self._explainer.close()

    def _fields(
        self, predictor: Predictor, picture: bytes, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        experiment_dir = predictor.model_dir.parent
        try:
            explanation = self._explainer.explain(
                experiment_dir, predictor.trial_id, picture, _parsed(parameters)
            )
        except ExplanationError as error:
            raise Refusal(422, str(error)) from None
        fields: dict[str, Any] = {}
        if explanation.picture is not None:
            fields["visualizations"] = base64.b64encode(explanation.picture).decode()
        if explanation.attributions is not None:
            fields["attributions"] = explanation.attributions.tolist()
        return fields


def _parsed(parameters: Mapping[str, Any]) -> ExplanationParameters:
    try:
        return ExplanationParameters.parse(parameters)
    except ExplanationError as error:
        raise Refusal(422, f"xai_parameters: {error}") from None
