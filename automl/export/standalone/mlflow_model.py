"""The model for MLflow: from a column `image` of base64 text to `probs` and `labels`."""

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
        params: Any = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        # MLflow makes one cell of the list in {"image": [text, text]}
        probs = [self.probabilities(image) for image in model_input["image"].explode()]
        return pd.DataFrame({"probs": probs, "labels": [self.settings["labels"]] * len(probs)})

    def probabilities(self, image: str | bytes) -> list[float]:
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
        (logits,) = self.session.run(["output1"], {"input1": batch})
        return [
            float(share)
            for share in probabilities_of(logits, has_label_sets=self.settings["has_label_sets"])[0]
        ]


mlflow.models.set_model(ImageClassifier())
