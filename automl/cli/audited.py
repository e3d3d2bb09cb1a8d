"""Audit of the command line; its user has every permission."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automl.access.audit import Note


def recorded(action: str, experiment: str = "", **details: str) -> AbstractContextManager["Note"]:
    """Record the action of the block in the audit log.

    Args:
        action: a value of `automl.access.permissions.Action`.
        experiment: the id of the experiment.
        details: further values to record.
    """
    from automl.access import audit, permissions

    person = permissions.local_user()
    return audit.recorded(
        person, permissions.Action(action), experiment, via="command", owner=person.name, **details
    )
