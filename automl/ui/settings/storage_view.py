"""Disk space of the experiments and of the caches, and the button that clears the caches."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from automl.access.permissions import Action
from automl.dataset import caches
from automl.experiments import store
from automl.experiments.records import now
from automl.figures import wording
from automl.host import home
from automl.host.storage import Usage
from automl.texts import _, mark
from automl.ui import cached, guarded_actions, links, sign_in

_MEGABYTES = st.column_config.NumberColumn("MB", format="%,.1f")
_HOLDS = {
    "archives": mark("Pictures of unpacked archives"),
    "carried": mark("Pictures and weights brought from other machines"),
    "compiled": mark("Networks compiled for training"),
    "exports": mark("Models exported on the pages"),
    "features": mark("Features from frozen models"),
    "maps": mark("Maps of pictures"),
    "networks": mark("Networks converted for speed"),
    "pixels": mark("Decoded pictures"),
    "references": mark("Training pictures that exported models compare with"),
    "remote": mark("Downloaded pictures"),
    "scans": mark("Results of file checks"),
    "speeds": mark("Measured speed of networks"),
    "uploads": mark("Uploaded archives"),
    "weights": mark("Pretrained weights out of packages"),
}


def show() -> None:
    experiments, kept = st.columns(2, gap="large")
    with experiments:
        _experiments()
    with kept:
        _caches()


def _experiments() -> None:
    directories = store.experiment_dirs(home.experiments_dir())
    with st.spinner(_("Measuring the experiments")):
        rows = [_row(directory) for directory in directories]
    st.subheader(_("Experiments"))
    if not rows:
        st.caption(_("There is no experiment yet."))
        return
    table = pd.DataFrame(rows).sort_values("MB", ascending=False)
    total = wording.megabytes(round(table["MB"].sum() * 1e6))
    st.caption(
        _("{total} in {experiments}, largest first.").format(
            total=total, experiments=wording.count(len(rows), "experiment")
        )
    )
    st.dataframe(table, hide_index=True, column_config={"MB": _MEGABYTES})
    links.page_link(
        "pages/experiments.py", label=_("Open one to delete it"), icon=":material/arrow_forward:"
    )


def _row(experiment_dir: Path) -> dict[str, Any]:
    try:
        owner = cached.experiment(experiment_dir).owner
    except (ValueError, OSError):  # of another version, or damaged; it still takes space
        owner = ""
    num_bytes = cached.usage(experiment_dir).num_bytes
    return {_("Experiment"): experiment_dir.name, _("Owner"): owner, "MB": num_bytes / 1e6}


def _caches() -> None:
    st.subheader(_("Caches"))
    caption = st.empty()
    if sign_in.may(Action.CLEAR_CACHE):
        _clear()
    with st.spinner(_("Measuring the caches")):
        usage_by_cache = _usage(home.home_dir())
    total = wording.megabytes(sum(usage.num_bytes for usage in usage_by_cache.values()))
    caption.caption(_("{total}. Recreated when needed, except uploads.").format(total=total))
    rows = [
        {
            _("Content"): _(_HOLDS.get(name, name)),  # a folder that a later version made
            _("Last used"): wording.ago(usage.last_used, now()) if usage.last_used else "",
            "MB": usage.num_bytes / 1e6,
        }
        for name, usage in usage_by_cache.items()
    ]
    table = pd.DataFrame(rows).sort_values("MB", ascending=False)
    last_used = st.column_config.TextColumn(
        help=_("Accurate to one day: many file systems record no more.")
    )
    config = {"MB": _MEGABYTES, _("Last used"): last_used}
    st.dataframe(table, hide_index=True, column_config=config)


def _clear() -> None:
    with st.popover(_("Clear the cache"), icon=":material/mop:", key="clear the cache"):
        st.markdown(
            _(
                "Remove everything that no running experiment uses? Results and models are "
                "kept. The next experiment unpacks, downloads and decodes its pictures "
                "again, which takes a while. Uploaded pictures are deleted and must be "
                "uploaded again."
            )
        )
        if st.button(_("Clear it"), type="primary", key="clear it now"):
            try:
                cleared = guarded_actions.clear_cache()
            except (ValueError, OSError) as error:
                st.error(wording.of_error(error))
            else:
                _usage.clear()
                freed, kept = map(wording.megabytes, (cleared.freed_bytes, cleared.kept_bytes))
                st.success(
                    _("{freed} freed. {kept} are in use or new and were kept.").format(
                        freed=freed, kept=kept
                    )
                )


@st.cache_data(ttl="1 min", max_entries=1, show_spinner=False)
def _usage(home_dir: Path) -> dict[str, Usage]:  # noqa: ARG001 (part of the cache key)
    return caches.usage()
