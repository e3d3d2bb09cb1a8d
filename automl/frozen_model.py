"""Base class of all data that processes exchange or store."""

import ast
import functools
import inspect
import itertools
import textwrap

from pydantic import BaseModel, ConfigDict


class FrozenModel(BaseModel):
    """Immutable model that forbids unknown keys and keeps NaN and infinity in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


def field_help(model: type[BaseModel], name: str) -> str:
    """Return the help text of a field: its description, or else the docstring under it."""
    return model.model_fields[name].description or _docstrings(model).get(name, "")


@functools.cache
def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    # pydantic's `use_attribute_docstrings` reads the source in every process, whether or not a
    # form is shown, and takes longer than everything else in the definition of a model
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, FrozenModel):
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            assert isinstance(definition, ast.ClassDef)
            for pair in itertools.pairwise(definition.body):
                match pair:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(text))),
                    ):
                        found[name] = inspect.cleandoc(text)
    return found
