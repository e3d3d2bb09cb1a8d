"""Who may do what. The only place that knows; whoever acts asks `check` at the act itself.

Without sign-in there is one person, the one whose machine it is, who may do everything. With
sign-in (see docs/security.md) a file says who is let in, and as what:

    people:
      ann@example.com: admin
      "*@lab.example.com": analyst      # everybody of that domain
    require_verified_email: true        # what is taken when left out
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from automl.errors import NotAllowedError, UserError
from automl.experiments import launcher
from automl.frozen_model import FrozenModel
from automl.host import home
from automl.jobs import untrusted_yaml

VARIABLE = "AUTOML_ACCESS_FILE"


class Action(StrEnum):
    """What can be done, as it is written in the audit log, too."""

    SIGN_IN = "sign_in"
    LOOK = "look"
    PREDICT = "predict"
    START = "start"
    STOP = "stop"
    RESUME = "resume"
    OPEN_TEST_DATA = "open_test_data"
    EXPORT = "export"
    SHARE = "share"
    IMPORT = "import"
    CHOOSE_CLUSTER = "choose_cluster"
    """Start a job that names a Ray cluster or a place to store at."""

    DELETE = "delete"
    SET_LIMITS = "set_limits"
    CLEAR_CACHE = "clear_cache"
    READ_AUDIT_LOG = "read_audit_log"
    """See who is let in and what was done by whom."""


class Role(StrEnum):
    """What a person is; each may do what the one before may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


_VIEWER = {Action.SIGN_IN, Action.LOOK, Action.PREDICT}
_ANALYST = _VIEWER | {Action.START, Action.EXPORT, Action.SHARE, Action.IMPORT}
_WITH_ANY = {Role.VIEWER: _VIEWER, Role.ANALYST: _ANALYST, Role.ADMIN: set(Action)}
_WITH_OWN = {Role.ANALYST: {Action.STOP, Action.RESUME, Action.OPEN_TEST_DATA}}


@dataclass(frozen=True)
class Person:
    """Somebody who is known, and may be let in."""

    name: str
    """The e-mail address of who has signed in, or the name of this machine's user."""

    role: Role


class Settings(FrozenModel):
    """The file that says who is let in."""

    people: dict[str, Role] = Field(default_factory=dict)
    """An address, or `*@` and a domain; the address itself counts more than its domain."""

    require_verified_email: bool = True
    """Whether the provider must say that it has verified the address."""

    @field_validator("people", mode="before")
    @classmethod
    def _are_addresses(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        for address in value:
            if not _is_address(str(address).replace("*@", "everybody@", 1)):
                raise UserError(
                    f"{address!r} is not an e-mail address. Write ann@example.com or "
                    "'*@example.com'."
                )
        return {str(address).lower(): role for address, role in value.items()}


def local_user() -> Person:
    """Who uses this machine, where nobody signs in."""
    return Person(launcher.user(), Role.ADMIN)


def may(person: Person, action: Action, *, owner: str = "") -> bool:
    """Whether somebody may do something, with an experiment of the owner's where there is one."""
    allowed = reach(person.role, action)
    return allowed == "all" or (allowed == "own" and bool(owner) and owner == person.name)


def reach(role: Role, action: Action) -> Literal["all", "own", "none"]:
    """With whose experiments a role may do something."""
    if action in _WITH_ANY[role]:
        return "all"
    return "own" if action in _WITH_OWN.get(role, set()) else "none"


def check(person: Person, action: Action, *, owner: str = "") -> None:
    """As `may`.

    Raises:
        NotAllowedError: says what it takes.
    """
    if may(person, action, owner=owner):
        return
    needed = next(role for role in Role if action in _WITH_ANY[role])
    of_own = any(action in own for own in _WITH_OWN.values())
    whose = f" with an experiment of {owner or 'somebody else'}" if of_own else ""
    raise NotAllowedError(
        f"{person.name} is {_article(person.role)} and may not {action.replace('_', ' ')}{whose}. "
        f"It takes {_article(needed)}; who looks after this server can change roles."
    )


def person(claims: Mapping[str, Any]) -> Person:
    """Who somebody is by what their provider says about them.

    Raises:
        NotAllowedError: nobody of that address is let in.
    """
    settings = load()
    given = str(claims.get("email") or "")
    if not _is_address(given):
        raise NotAllowedError(
            "Your provider does not give an e-mail address of plain letters for you."
        )
    address = given.lower()
    if settings.require_verified_email and claims.get("email_verified") is not True:
        raise NotAllowedError(
            f"Your provider does not say that it has verified {address}. Verify it there first."
        )
    domain = address.rpartition("@")[2]
    role = settings.people.get(address) or settings.people.get(f"*@{domain}")
    if role is None:
        raise NotAllowedError(
            f"{address} is not let in here. Ask who looks after this server to add it to the file "
            "of people."
        )
    return Person(address, role)


def load() -> Settings:
    """The settings as they are now; nobody is let in where there is no file.

    Raises:
        NotAllowedError: the file cannot be read, so nobody is let in.
    """
    try:
        content, _ = untrusted_yaml.load(path().read_text("utf-8"))
        return Settings.model_validate(content or {})
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise NotAllowedError(
            f"Nobody is let in, as {path()} cannot be read: {reason}. Whoever looks after this "
            "server can mend it."
        ) from error


def path() -> Path:
    """Where the settings are (`AUTOML_ACCESS_FILE`, default `access.yml` in our home)."""
    given = os.environ.get(VARIABLE)
    return Path(given).expanduser().absolute() if given else home.home_dir() / "access.yml"


def _is_address(text: str) -> bool:
    """In ASCII: other alphabets have letters that look or fold like these."""
    name, _, domain = text.rpartition("@")
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return bool(name and domain) and "@" not in name and is_plain


def _article(role: Role) -> str:
    return f"a {role}" if role is Role.VIEWER else f"an {role}"
