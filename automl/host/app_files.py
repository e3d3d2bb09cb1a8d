"""The folder of the app's own files: app.py, pages/ and .streamlit/."""

from pathlib import Path

_ABOVE = Path(__file__).parents[2]
_INSTALLED = _ABOVE / "automl_app"


def folder() -> Path:
    """Return the top of the checkout, or `automl_app` of an installed wheel (see setup.py)."""
    return _ABOVE if in_checkout() else _INSTALLED


def in_checkout() -> bool:
    """Return False if this package was installed from a wheel."""
    return not _INSTALLED.is_dir()
