"""Language of the pages: the one in the address, else the visitor's choice, else the browser's."""

import json
from collections.abc import Mapping

import streamlit as st
from filelock import FileLock
from streamlit.runtime.scriptrunner import get_script_run_ctx

from automl import texts
from automl.errors import NotAllowedError
from automl.figures import wording
from automl.host import atomic, home
from automl.texts import _
from automl.ui import sign_in

_PARAMETER = "lang"
_SPOKEN = "language"  # in the session
_IN_LINKS = "language in links"  # in the session; True if an address named the language


def begin() -> None:
    """Choose the language of a page, before anything is drawn."""
    asked = st.query_params.get(_PARAMETER)
    if asked is not None:
        st.session_state[_SPOKEN] = asked if asked in texts.languages() else texts.ENGLISH
        st.session_state[_IN_LINKS] = asked in texts.languages()
    elif st.session_state.get(_IN_LINKS):
        st.query_params[_PARAMETER] = st.session_state[_SPOKEN]
    texts.speak(_spoken())


def warn() -> None:
    """Draw a sentence if the address asks for a language that there is not."""
    asked = st.query_params.get(_PARAMETER)
    if asked is not None and asked not in texts.languages():
        known = ", ".join(f"{code} ({name})" for code, name in texts.languages().items())
        sentence = f"This app has no language called {asked[:20]}. It has {known}."
        st.warning(wording.plain(sentence))


def address(parameters: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the parameters of a link; the language is among them if an address named it."""
    spoken = {_PARAMETER: st.session_state[_SPOKEN]} if st.session_state.get(_IN_LINKS) else {}
    return {**spoken, **(parameters or {})}


def choice() -> None:
    """Draw the choice of the language, which is kept for the visitor."""
    names = texts.languages()
    spoken = texts.language()
    chosen = st.segmented_control(
        _("Language"),
        list(names),
        default=spoken,
        format_func=names.__getitem__,
        key=f"language instead of {spoken}",
    )
    if chosen is not None and chosen != spoken:
        _keep(chosen)
        st.session_state[_SPOKEN] = st.query_params[_PARAMETER] = chosen
        st.rerun()


def _spoken() -> str:
    """Language of the session; a session that has none yet takes one."""
    if get_script_run_ctx(suppress_warning=True) is None:  # a thread that no page has started
        return texts.ENGLISH
    if _SPOKEN not in st.session_state:
        st.session_state[_SPOKEN] = _of_browser()  # a refused visitor is told so in a language
        st.session_state[_SPOKEN] = _kept() or st.session_state[_SPOKEN]
    spoken: str = st.session_state[_SPOKEN]
    return spoken


def _of_browser() -> str:
    code = (st.context.locale or texts.ENGLISH).partition("-")[0]
    return code if code in texts.languages() else texts.ENGLISH


def _kept() -> str | None:
    """The language that the visitor has chosen in an earlier session."""
    try:
        return _choices().get(sign_in.person().name)
    except (NotAllowedError, OSError):
        return None


def _choices() -> dict[str, str]:
    path = home.languages_path()
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(code: str) -> None:
    try:
        person, path = sign_in.person().name, home.languages_path()
        with FileLock(path.with_suffix(".lock")):  # another visitor may choose at the same moment
            atomic.write_text(path, json.dumps(_choices() | {person: code}, indent=1))
    except (NotAllowedError, OSError):  # the session has the choice all the same
        return


texts.ask(_spoken)
