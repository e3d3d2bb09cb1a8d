"""Why a served model gave its answer. The one place where the server meets `automl.explanation`."""

import base64
from collections.abc import Mapping
from typing import Any

from automl.errors import ExplanationError
from automl.experiments import store
from automl.explanation.explainer import Explainer, missing
from automl.explanation.parameters import ExplanationParameters
from automl.prediction.inference import Predictor
from automl.serving.refusal import Refusal


class Explanations:
    """Of one server; the process that gives them starts when the first one is asked for."""

    def __init__(self) -> None:
        self._explainer = Explainer()

    def check(self, predictor: Predictor, parameters: Mapping[str, Any]) -> None:
        """Refuse before any work is done.

        Raises:
            Refusal: 501 where explanations cannot be given, 422 for parameters that cannot be.
        """
        if sentence := missing():
            raise Refusal(501, sentence)
        experiment_dir = predictor.model_dir.parent
        checkpoint_dir = store.checkpoint_dir(experiment_dir, predictor.trial_id)
        if not (checkpoint_dir / "model.safetensors").is_file():
            raise Refusal(
                501,
                "Explanations take the trial's own weights, and this model was exported without "
                "them. Serve the experiment itself.",
            )
        _parsed(parameters)

    def explain(
        self, predictor: Predictor, picture: bytes, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """`visualizations` and `attributions` as Azure's answer has them: those asked for."""
        experiment_dir = predictor.model_dir.parent
        try:
            found = self._explainer.explain(
                experiment_dir, predictor.trial_id, picture, _parsed(parameters)
            )
        except ExplanationError as error:
            raise Refusal(422, str(error)) from None
        answer: dict[str, Any] = {}
        if found.picture is not None:
            answer["visualizations"] = base64.b64encode(found.picture).decode()
        if found.attributions is not None:
            answer["attributions"] = found.attributions.tolist()
        return answer

    def close(self) -> None:
        self._explainer.close()


def _parsed(parameters: Mapping[str, Any]) -> ExplanationParameters:
    try:
        return ExplanationParameters.parse(parameters)
    except ValueError as error:
        raise Refusal(422, f"xai_parameters: {error}") from None
