"""Permissions of people: every action calls `check` here just before it happens.

Without sign-in there is one person, the user of this machine, who may do everything. With sign-in
(see docs/security.md) a file lists the people and their roles:

    people:
      ann@example.com: admin
      "*@lab.example.com": analyst      # everybody of that domain
    require_verified_email: true        # the default
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
from automl.texts import mark

VARIABLE = "AUTOML_ACCESS_FILE"


class Action(StrEnum):
    """An action that needs a permission; the audit log has the same names."""

    SIGN_IN = "sign_in"
    LOOK = "look"
    PREDICT = "predict"
    LABEL = "label"
    """Have pictures ranked and give them labels for experiments of one's own."""

    LABEL_KEPT_PICTURES = "label_kept_pictures"
    """The same with pictures that a server has kept."""

    START = "start"
    STOP = "stop"
    RESUME = "resume"
    DESCRIBE = "describe"
    """Give an experiment a title, tags and a note."""

    CHOOSE_THRESHOLDS = "choose_thresholds"
    """Change the probabilities from which a model with label sets predicts them."""

    SAVE_VERSION = "save_version"
    """Keep the corrections of a data set as a version."""

    OPEN_TEST_DATA = "open_test_data"
    EXPORT = "export"
    SHARE = "share"
    IMPORT = "import"
    CHOOSE_CLUSTER = "choose_cluster"
    """Start a job with `ray_address` or `storage_path`, or an output that is written elsewhere."""

    SERVE = "serve"
    """Let models answer requests over HTTP."""

    STOP_SERVING = "stop_serving"
    """The end of a server; one that is killed leaves none."""

    KEEP_PICTURES = "keep_pictures"
    """Let a server keep pictures that it is asked about."""

    ADD_SHADOW = "add_shadow"
    """Let a second model answer the requests of the first, and record what both say."""

    PROMOTE = "promote"
    """Let the second of two models in service answer as the first."""

    DELETE = "delete"
    SET_LIMITS = "set_limits"
    CLEAR_CACHE = "clear_cache"
    READ_AUDIT_LOG = "read_audit_log"
    """See the people, their roles and the audit log."""


class Role(StrEnum):
    """The role of a person; each may do everything that the one before it may."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


_VIEWER = {Action.SIGN_IN, Action.LOOK, Action.PREDICT}
_ANALYST = _VIEWER | {Action.LABEL, Action.START, Action.EXPORT, Action.SHARE, Action.IMPORT}
_ANALYST |= {Action.LABEL_KEPT_PICTURES, Action.SAVE_VERSION}
_WITH_ANY = {Role.VIEWER: _VIEWER, Role.ANALYST: _ANALYST, Role.ADMIN: set(Action)}
_OWN = {Action.STOP, Action.RESUME, Action.DESCRIBE, Action.OPEN_TEST_DATA}
_WITH_OWN = {Role.ANALYST: _OWN | {Action.CHOOSE_THRESHOLDS}}


@dataclass(frozen=True)
class Person:
    """A person with a role."""

    name: str
    """The e-mail address of a person who signed in, or the name of this machine's user."""

    role: Role


class Settings(FrozenModel):
    """Content of the file of people."""

    people: dict[str, Role] = Field(default_factory=dict)
    """Role by address, or by `*@` and a domain; an address overrides its domain."""

    require_verified_email: bool = True
    """True if the provider must declare the address as verified."""

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
    """The user of this machine, without sign-in."""
    return Person(launcher.user(), Role.ADMIN)


def may(person: Person, action: Action, *, owner: str = "") -> bool:
    """True if the person may do the action, on an experiment of the owner if it needs one."""
    allowed = reach(person.role, action)
    return allowed == "all" or (allowed == "own" and bool(owner) and owner == person.name)


def reach(role: Role, action: Action) -> Literal["all", "own", "none"]:
    """The experiments on which a role may do an action."""
    if action in _WITH_ANY[role]:
        return "all"
    return "own" if action in _WITH_OWN.get(role, set()) else "none"


def check(person: Person, action: Action, *, owner: str = "") -> None:
    """Refuse an action that the person may not do; see `may`.

    Raises:
        NotAllowedError: names the role that it needs.
    """
    if may(person, action, owner=owner):
        return
    needed = next(role for role in Role if action in _WITH_ANY[role])
    depends_on_owner = any(action in own for own in _WITH_OWN.values())
    doing = action.replace("_", " ")
    if depends_on_owner:
        on_another = mark(f"{doing} on the experiment of another person")
        doing = mark(f"{doing} on an experiment of {owner}") if owner else on_another
    raise NotAllowedError(
        f"{person.name} is {_article(person.role)} and may not {doing}. "
        f"This needs the role {needed}; ask the administrator of this server."
    )


def person(claims: Mapping[str, Any]) -> Person:
    """The person whom the claims of a provider are about.

    Args:
        claims: the content of the OpenID Connect id token.

    Raises:
        NotAllowedError: the list of people does not have the address.
    """
    settings = load()
    email = str(claims.get("email") or "")
    if not _is_address(email):
        raise NotAllowedError(
            "Your provider gave no ASCII e-mail address. Set one in your account there."
        )
    address = email.lower()
    if settings.require_verified_email and claims.get("email_verified") is not True:
        raise NotAllowedError(
            f"Your provider has not verified the address {address}. Verify it there first."
        )
    domain = address.rpartition("@")[2]
    role = settings.people.get(address) or settings.people.get(f"*@{domain}")
    if role is None:
        raise NotAllowedError(
            f"{address} is not in the list of people. Ask the administrator of this server to add "
            "it."
        )
    return Person(address, role)


def load() -> Settings:
    """The settings as they are now; without a file nobody is let in.

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
            f"Nobody is let in, because {path()} cannot be read: {reason}. The administrator of "
            "this server can repair it."
        ) from error


def path() -> Path:
    """The file of people (`AUTOML_ACCESS_FILE`, default `access.yml` in our home)."""
    file = os.environ.get(VARIABLE)
    return home.absolute(file) if file else home.home_dir() / "access.yml"


def _is_address(text: str) -> bool:
    """True for an ASCII address; other alphabets have letters that look the same."""
    name, _, domain = text.rpartition("@")
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return bool(name and domain) and "@" not in name and is_plain


def _article(role: Role) -> str:
    return {
        Role.VIEWER: mark("a viewer"),
        Role.ANALYST: mark("an analyst"),
        Role.ADMIN: mark("an admin"),
    }[role]
