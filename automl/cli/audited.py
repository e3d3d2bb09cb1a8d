"""What is done on the command line is written down as well; its user may do everything."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automl.access.audit import Note


def recorded(action: str, experiment: str = "", **details: str) -> AbstractContextManager["Note"]:
    """Write down what happens inside; action: of `automl.access.permissions.Action`."""
    from automl.access import audit, permissions

    person = permissions.local_user()
    return audit.recorded(
        person, permissions.Action(action), experiment, via="command", owner=person.name, **details
    )
