"""Sign-in of the visitor; every page checks it before it draws anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import streamlit as st

from automl.access import audit, permissions
from automl.access.permissions import Action, Person
from automl.errors import NotAllowedError
from automl.figures import wording
from automl.texts import _

_noted: set[tuple[object, ...]] = set()
"""Sign-ins and refusals that are in the audit log; a page that is loaded again is none."""


def is_configured() -> bool:
    """True if visitors must sign in: secrets.toml has an [auth] section, or a people file exists.

    A secrets.toml that cannot be read also counts. Streamlit treats such a file like a missing one,
    which would let everybody in.
    """
    if st.secrets.load_if_toml_exists():
        if "auth" in st.secrets:
            return True
    elif any(Path(path).exists() for path in st.get_option("secrets.files")):
        return True
    return permissions.path().exists()


def person() -> Person:
    """Return the visitor, with the role that the file of people gives now.

    Raises:
        NotAllowedError: the visitor has not signed in, or has no role.
    """
    if not is_configured():
        return permissions.local_user()
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is not True:
        raise NotAllowedError(_("Sign in first."))
    return permissions.person(claims)


def may(action: Action, *, owner: str = "") -> bool:
    """True if the page may offer the action; the action checks the permission again."""
    try:
        return permissions.may(person(), action, owner=owner)
    except NotAllowedError:
        return False


def require(action: Action = Action.LOOK) -> None:
    """Stop the page if the visitor may not do the action; call it before drawing or reading."""
    if not is_configured():
        return
    if st.user.to_dict().get("is_logged_in") is not True:
        _offer()
    visitor, asked_for = None, Action.SIGN_IN
    try:
        visitor = person()
        _note(visitor, asked_for)
        asked_for = action
        permissions.check(visitor, action)
    except NotAllowedError as refusal:
        _note(visitor, asked_for, str(refusal))
        _turn_away(str(refusal))


def menu() -> None:
    """Draw the name of the visitor and the button to sign out."""
    if not is_configured():
        return
    visitor = person()
    with st.popover(
        wording.plain(visitor.name), icon=":material/person:", key="who", width="stretch"
    ):
        st.caption(_("Signed in as {role}.").format(role=visitor.role))
        st.button(_("Sign out"), on_click=st.logout, key="sign out")


def _offer() -> NoReturn:
    st.title(_("AutoML Image Classification"))
    providers = _providers()
    if not providers:
        st.error(
            _(
                "Nobody can sign in: this server requires it, but its secrets.toml has no "
                "readable [auth] section. The administrator finds in the documentation how "
                "to write it."
            )
        )
    else:
        st.markdown(_("Sign in to use this server."))
    for provider in providers:
        st.button(
            _("Sign in with {provider}").format(provider=wording.plain(provider))
            if provider
            else _("Sign in"),
            type="primary",
            icon=":material/login:",
            on_click=st.login,
            args=(provider,) if provider else (),
            key=f"sign in {provider}",
        )
    st.stop()


def _providers() -> list[str]:
    """Names of the sign-in providers; an empty name if there is only one."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return []
    section, address = st.secrets["auth"], "server_metadata_url"
    if address in section:
        return [""]
    parts = [(name, part) for name, part in section.items() if isinstance(part, Mapping)]
    return [name for name, part in parts if address in part]


def _turn_away(reason: str) -> NoReturn:
    st.title(_("AutoML Image Classification"))
    st.error(wording.plain(wording.stored(reason)))
    st.button(_("Sign out"), on_click=st.logout, icon=":material/logout:", key="sign out")
    st.stop()


def _note(visitor: Person | None, action: Action, reason: str = "") -> None:
    """Write to the audit log, once for each time the provider was asked."""
    claims = st.user.to_dict()
    name = visitor.name if visitor else str(claims.get("email") or "unknown")
    role = visitor.role if visitor else None
    visit = (audit.path(), name, role, action, reason, claims.get("iat"))
    if visit not in _noted:
        audit.write_visit(name, role, action, reason)
        _noted.add(visit)
