"""The model for MLflow: from a column `image` of base64 text to `probs` and `labels`.

With the parameter `false_alarms`, a share as 0.01, also to `unlike`: whether the picture is unlike
the training pictures.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import onnxruntime
import pandas as pd

from automl.dataset.preprocessing import (
    UnreadablePicture,
    from_base64,
    load_preprocessed,
    model_input,
    probabilities_of,
)
from automl.dataset.rendering import Rendering
from automl.evaluation import unlike


class ImageClassifier(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers for one picture after the other; probs are in the order of labels."""

    def load_context(self, context: Any) -> None:
        self.settings = json.loads(Path(context.artifacts["settings"]).read_text("utf-8"))
        self.session = onnxruntime.InferenceSession(
            context.artifacts["model"], providers=["CPUExecutionProvider"]
        )

    def predict(
        self,
        context: Any,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: Any = None,
    ) -> pd.DataFrame:
        threshold = self.threshold((params or {}).get("false_alarms", 0.0))
        # MLflow makes one cell of the list in {"image": [text, text]}
        found = [self.answer(image) for image in model_input["image"].explode()]
        probs = [each for each, _ in found]
        said = {"probs": probs, "labels": [self.settings["labels"]] * len(probs)}
        if threshold is not None:
            said["unlike"] = [distance > threshold for _, distance in found]
        return pd.DataFrame(said)

    def threshold(self, false_alarms: float) -> float | None:
        """The distance above which a picture is unlike; None for 0, which asks for no `unlike`."""
        if not false_alarms:
            return None
        try:
            found = unlike.threshold_of(self.settings, unlike.rate_of(str(false_alarms)))
        except ValueError as error:
            raise mlflow.exceptions.MlflowException.invalid_parameter_value(str(error)) from error
        if found is None:
            raise mlflow.exceptions.MlflowException.invalid_parameter_value(
                "This model does not say which pictures are unlike its training pictures. Leave "
                "false_alarms out."
            )
        return found

    def answer(self, image: str | bytes) -> tuple[list[float], float]:
        """The probabilities, and the distance; 0 from a model that does not say it."""
        try:
            pixels = load_preprocessed(
                from_base64(image),
                resize_size=self.settings["valid_resize_size"],
                crop_size=self.settings["valid_crop_size"],
                rendering=Rendering(**self.settings["rendering"]),
            )
        except UnreadablePicture as error:
            raise mlflow.exceptions.MlflowException.invalid_parameter_value(str(error)) from error
        batch = model_input(pixels[None], self.settings["normalization"])
        logits, *distances = self.session.run(None, {"input1": batch})
        shares = probabilities_of(logits, has_label_sets=self.settings["has_label_sets"])[0]
        return [float(share) for share in shares], float(distances[0][0]) if distances else 0.0


mlflow.models.set_model(ImageClassifier())
