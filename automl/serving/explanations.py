"""Explanations of a served model's answers. Only this module of the server uses
`automl.explanation`."""

import asyncio
import base64
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.explainer import Explainer, Explanation, missing
from automl.explanation.request import ExplanationParameters
from automl.prediction.inference import Answer, Predictor
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
        self,
        predictor: Predictor,
        picture: bytes,
        answer: Answer,
        parameters: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return `visualizations` and `attributions`, those that the parameters ask for.

        Where pictures have any number of labels each is a list: one for every label with at least
        the probability `confidence_score_threshold_multilabel`, the most probable first.

        Raises:
            Refusal: 422, the picture cannot be explained.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._fields, predictor, picture, answer, parameters
        )

    def close(self) -> None:
        self._thread.shutdown()
        self._explainer.close()

    def _fields(
        self,
        predictor: Predictor,
        picture: bytes,
        answer: Answer,
        parameters: Mapping[str, Any],
    ) -> dict[str, Any]:
        parsed = _parsed(parameters)
        if not predictor.has_label_sets:
            return _written(self._explained(predictor, picture, parsed))
        least = parsed.confidence_score_threshold_multilabel
        shares = predictor.prediction(answer).probabilities
        labels = [label for label, share in shares.items() if share >= least]
        each = [_written(self._explained(predictor, picture, parsed, label)) for label in labels]
        asked = {"visualizations": parsed.visualizations, "attributions": parsed.attributions}
        return {key: [one[key] for one in each] for key, is_asked in asked.items() if is_asked}

    def _explained(
        self,
        predictor: Predictor,
        picture: bytes,
        parameters: ExplanationParameters,
        label: str | None = None,
    ) -> Explanation:
        try:
            return self._explainer.explain(
                predictor.model_dir.parent, predictor.trial_id, picture, parameters, label=label
            )
        except ExplanationError as error:
            raise Refusal(422, str(error)) from None


def _written(explanation: Explanation) -> dict[str, Any]:
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
