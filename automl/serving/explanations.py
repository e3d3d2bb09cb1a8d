"""Why a served model gave its answer. The one place where the server meets `automl.explanation`."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl.serving.refusal import Refusal


def check_available(checkpoint_dir: Path) -> None:
    """Refuse before any work is done where explanations cannot be given.

    Raises:
        Refusal: 501, and what to do about it.
    """
    if importlib.util.find_spec("captum") is None or importlib.util.find_spec("saliency") is None:
        raise Refusal(
            501,
            "Explanations take packages that are not installed here. "
            "Install them: pip install '.[explain]'",
        )
    if not (checkpoint_dir / "model.safetensors").is_file():
        raise Refusal(
            501,
            "Explanations take the trial's own weights, and this model was exported without them. "
            "Serve the experiment itself.",
        )


def explain(checkpoint_dir: Path, picture: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`visualizations` and `attributions` as Azure's answer has them, those that were asked for."""
    raise Refusal(501, "Explanations are not part of this version.")
