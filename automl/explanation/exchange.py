"""What the process that explains is asked, and what it answers: one line of JSON each."""

from pathlib import Path

from pydantic import ConfigDict

from automl.explanation.parameters import ExplanationParameters
from automl.frozen_model import FrozenModel


class Request(FrozenModel):
    """A picture to explain."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    checkpoint_dir: Path
    file: bytes
    """The picture's file, whole."""

    parameters: ExplanationParameters


class Reply(FrozenModel):
    """An explanation, or one sentence why there is none."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    refusal: str = ""
    label: str = ""
    probability: float = 0.0
    picture: bytes | None = None
    """PNG, unless it was not asked for."""

    attributions: bytes | None = None
    """float32 (3, side, side) in C order, if asked for."""

    side: int = 0
    notes: list[str] = []
