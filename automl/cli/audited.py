"""Audit of the command line, whose user may do everything."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automl.access.audit import Note


def recorded(action: str, experiment: str = "", **details: str) -> AbstractContextManager["Note"]:
    """Record what the block does.

    Args:
        action: a value of `automl.access.permissions.Action`.
        experiment: the id of the experiment.
        details: what else to record.
    """
    from automl.access import audit, permissions

    person = permissions.local_user()
    return audit.recorded(
        person, permissions.Action(action), experiment, via="command", owner=person.name, **details
    )
