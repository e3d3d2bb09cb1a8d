"""Rules of all commands: no value is empty, paths may begin with `~`, flags show no type."""

from pathlib import Path
from typing import Any

from typer import BadParameter
from typer.core import TyperCommand

from automl.host import home


class Command(TyperCommand):
    """A command of `automl`."""

    def get_params(self, ctx: Any) -> Any:
        return with_bare_flags(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given, *_ = self.make_parser(ctx).parse_args(args=list(args))
        for param in self.get_params(ctx):
            values = given.get(param.name)
            # read as a path, an empty text would be the working directory
            if values == "" or (isinstance(values, list | tuple) and "" in values):
                raise BadParameter(
                    "it is empty, perhaps because a variable of your shell is not set. Give a "
                    "value.",
                    ctx=ctx,
                    param=param,
                )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        ctx.params = {name: _expanded(value) for name, value in ctx.params.items()}
        return super().invoke(ctx)


def with_bare_flags(params: Any) -> Any:
    """The parameters of a command; typer would show `--json <bool>`, as if a value followed."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


def _expanded(value: Any) -> Any:
    """The value with `~` as the home; a shell leaves it in `--output=~/model`."""
    if isinstance(value, Path):
        return home.expanded(value)
    return [_expanded(each) for each in value] if isinstance(value, list | tuple) else value
