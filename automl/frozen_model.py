"""The base of everything that crosses a process boundary, and how its errors are explained."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Immutable, no unknown keys; NaN and infinity survive the JSON round trip."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, ser_json_inf_nan="constants"
    )
