"""Numbers of a figure as a table, with a download as CSV."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from automl.figures import wording
from automl.texts import _, mark

_MAX_ROWS = 1000
_HEADINGS = (
    *(mark("true"), mark("predicted"), mark("pictures"), mark("share of row")),
    *(mark("share of column"), mark("of"), mark("from"), mark("to"), mark("right")),
    *(mark("wrong"), mark("threshold"), mark("minutes"), mark("trial"), mark("model")),
    *(mark("epoch"), mark("hyperparameter"), mark("importance"), mark("number"), mark("title")),
    *(mark("score"), mark("low"), mark("high"), mark("version"), mark("experiment")),
    *(mark("label"), mark("other label")),
)
"""Columns of tables of figures: in the file they have these names in every language."""


def show(make: Callable[[], pd.DataFrame], name: str, *, key: str | None = None) -> None:
    """Show a button that opens the table and its download.

    Args:
        make: returns the numbers of the figure; it is called when the table is opened.
        name: name of the file, without its ending.
        key: distinguishes this figure from others of the same name on the page.
    """
    box = st.popover(
        _("Table"),
        icon=":material/table:",
        key=f"table of {_unique(name, key)}",
        on_change="rerun",
    )
    if not box.open:
        return
    table = make()
    with box:
        headings = {str(name): _heading(str(name)) for name in table}
        st.dataframe(
            table.head(_MAX_ROWS), hide_index=True, width=560, height=300, column_config=headings
        )
        if len(table) > _MAX_ROWS:
            st.caption(
                _("The first {shown} of {count} rows; the download contains all.").format(
                    shown=wording.integer(_MAX_ROWS), count=wording.integer(len(table))
                )
            )
        download(table, name, key=key)


def _heading(name: str) -> str:
    return _(name) if name in _HEADINGS else wording.metric(name)


def download(table: pd.DataFrame, name: str, *, key: str | None = None) -> None:
    """Show a button that downloads a table as CSV; the other arguments are those of `show`."""
    st.download_button(
        _("Download CSV"),
        lambda: table.to_csv(index=False),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download of {_unique(name, key)}",
    )


def _unique(name: str, key: str | None) -> str:
    # name and key: two figures of one trial have the same key and different names
    return f"{name} of {key}" if key else name
