"""Base class of all data that processes exchange or store."""

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Immutable model that forbids unknown keys and keeps NaN and infinity in JSON."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, ser_json_inf_nan="constants"
    )
