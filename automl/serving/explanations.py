"""Why a served model gave its answer. The one place where the server meets `automl.explanation`."""

import base64
import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from automl.inference import Predictor
from automl.serving.refusal import Refusal

_INSTALL = "Explanations take packages that are not installed here: pip install '.[explain]'"


class Explanations:
    """Of one server; nothing is imported or started before the first one is asked for."""

    def __init__(self) -> None:
        self._explainer: Any = None

    def check(self, predictor: Predictor, parameters: Mapping[str, Any]) -> None:
        """Refuse before any work is done.

        Raises:
            Refusal: 501 where explanations cannot be given, 422 for parameters that cannot be.
        """
        sentence = _module("explainer").missing()
        if sentence:
            raise Refusal(501, sentence)
        if not (_checkpoint_dir(predictor) / "model.safetensors").is_file():
            raise Refusal(
                501,
                "Explanations take the trial's own weights, and this model was exported without "
                "them. Serve the experiment itself.",
            )
        try:
            _module("parameters").ExplanationParameters.parse(parameters)
        except ValueError as error:
            raise Refusal(422, f"xai_parameters: {error}") from None

    def explain(
        self, predictor: Predictor, picture: bytes, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """`visualizations` and `attributions` as Azure's answer has them: those asked for.

        To be called by one thread at a time, after `check`.
        """
        module = _module("explainer")
        if self._explainer is None:
            self._explainer = module.Explainer()
        asked = _module("parameters").ExplanationParameters.parse(parameters)
        try:
            found = self._explainer.explain(
                predictor.model_dir.parent, predictor.trial_id, picture, asked
            )
        except module.ExplanationError as error:
            raise Refusal(422, str(error)) from None
        answer = {}
        if found.picture is not None:
            answer["visualizations"] = base64.b64encode(found.picture).decode()
        if found.attributions is not None:
            answer["attributions"] = found.attributions.tolist()
        return answer

    def close(self) -> None:
        if self._explainer is not None:
            self._explainer.close()


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"automl.explanation.{name}")
    except ModuleNotFoundError:
        raise Refusal(501, _INSTALL) from None


def _checkpoint_dir(predictor: Predictor) -> Path:
    """Of the trial it was exported from, where the whole experiment is there."""
    return predictor.model_dir.parent / "trials" / predictor.trial_id / "checkpoint"
