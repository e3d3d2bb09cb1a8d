"""Who is at the page, and the door that nothing is drawn in front of."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import streamlit as st

from automl.access import audit, permissions
from automl.access.permissions import Action, Person
from automl.errors import NotAllowedError
from automl.figures import wording

_NOTED = "sign-in noted"


def is_configured() -> bool:
    """Whether people sign in here: secrets.toml has an [auth], or there is a file of people.

    A file of secrets that cannot be read counts: Streamlit treats it as if it was not there.
    """
    if st.secrets.load_if_toml_exists():
        if "auth" in st.secrets:
            return True
    elif any(Path(path).exists() for path in st.get_option("secrets.files")):
        return True
    return permissions.path().exists()


def person() -> Person:
    """Who is at the page, as they are known now.

    Raises:
        NotAllowedError: they have not signed in, or are not let in.
    """
    if not is_configured():
        return permissions.local_user()
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is not True:
        raise NotAllowedError("Sign in first.")
    return permissions.person(claims)


def may(action: Action, *, owner: str = "") -> bool:
    """Whether to offer it; whoever does it asks again."""
    try:
        return permissions.may(person(), action, owner=owner)
    except NotAllowedError:
        return False


def require(action: Action = Action.LOOK) -> None:
    """Let nobody past who may not be here: call this before anything is drawn or read."""
    if not is_configured():
        return
    if st.user.to_dict().get("is_logged_in") is not True:
        _offer()
    try:
        found = person()
        permissions.check(found, action)
    except NotAllowedError as refusal:
        _note(None, str(refusal))
        _turn_away(str(refusal))
    _note(found)


def who() -> None:
    """Who has signed in, and the way out."""
    if not is_configured():
        return
    found = person()
    with st.popover(
        wording.plain(found.name), icon=":material/person:", key="who", width="stretch"
    ):
        st.caption(f"Signed in as {found.role}.")
        st.button("Sign out", on_click=st.logout, key="sign out")


def _offer() -> NoReturn:
    st.title("AutoML Image Classification")
    providers = _providers()
    if not providers:
        st.error(
            "Nobody can sign in: this server asks for it, and its secrets.toml has no [auth] that "
            "can be read. Whoever looks after it finds in its documentation what belongs there."
        )
    else:
        st.markdown("This server is for people who are known to it.")
    for provider in providers:
        st.button(
            f"Sign in with {wording.plain(provider)}" if provider else "Sign in",
            type="primary",
            icon=":material/login:",
            on_click=st.login,
            args=(provider,) if provider else (),
            key=f"sign in {provider}",
        )
    st.stop()


def _providers() -> list[str]:
    """Names of the providers to choose from; one without a name where there is only one."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return []
    section, address = st.secrets["auth"], "server_metadata_url"
    if address in section:
        return [""]
    parts = [(name, part) for name, part in section.items() if isinstance(part, Mapping)]
    return [name for name, part in parts if address in part]


def _turn_away(reason: str) -> NoReturn:
    st.title("AutoML Image Classification")
    st.error(wording.plain(reason))
    st.button("Sign out", on_click=st.logout, icon=":material/logout:", key="sign out")
    st.stop()


def _note(found: Person | None, reason: str = "") -> None:
    """In the audit log, once for each session."""
    said = (found, reason)
    if st.session_state.get(_NOTED) == said:
        return
    who_is = found.name if found else str(st.user.to_dict().get("email") or "unknown")
    audit.write_sign_in(who_is, found.role if found else None, reason)
    st.session_state[_NOTED] = said
