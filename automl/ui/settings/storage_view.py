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
from automl.ui import cached, guarded_actions, links, sign_in

_MEGABYTES = st.column_config.NumberColumn("MB", format="%,.1f")
_HOLDS = {
    "archives": "Pictures of unpacked archives",
    "carried": "Pictures and weights brought from other machines",
    "exports": "Models exported on the pages",
    "features": "Features from frozen models",
    "maps": "Maps of pictures",
    "networks": "Networks converted for speed",
    "pixels": "Decoded pictures",
    "remote": "Downloaded pictures",
    "scans": "Results of file checks",
    "speeds": "Measured speed of networks",
    "uploads": "Uploaded archives",
    "weights": "Pretrained weights out of packages",
}


def show() -> None:
    experiments, kept = st.columns(2, gap="large")
    with experiments:
        _experiments()
    with kept:
        _caches()


def _experiments() -> None:
    directories = store.experiment_dirs(home.experiments_dir())
    with st.spinner("Measuring the experiments"):
        rows = [_row(directory) for directory in directories]
    st.subheader("Experiments")
    if not rows:
        st.caption("There is no experiment yet.")
        return
    table = pd.DataFrame(rows).sort_values("MB", ascending=False)
    total = wording.megabytes(round(table["MB"].sum() * 1e6))
    st.caption(f"{total} in {wording.count(len(rows), 'experiment')}, largest first.")
    st.dataframe(table, hide_index=True, column_config={"MB": _MEGABYTES})
    links.page_link(
        "pages/experiments.py", label="Open one to delete it", icon=":material/arrow_forward:"
    )


def _row(experiment_dir: Path) -> dict[str, Any]:
    try:
        owner = cached.experiment(experiment_dir).owner
    except (ValueError, OSError):  # of another version, or damaged; it still takes space
        owner = ""
    num_bytes = cached.usage(experiment_dir).num_bytes
    return {"Experiment": experiment_dir.name, "Owner": owner, "MB": num_bytes / 1e6}


def _caches() -> None:
    st.subheader("Caches")
    caption = st.empty()
    if sign_in.may(Action.CLEAR_CACHE):
        _clear()
    with st.spinner("Measuring the caches"):
        usage_by_cache = _usage(home.home_dir())
    total = wording.megabytes(sum(usage.num_bytes for usage in usage_by_cache.values()))
    caption.caption(f"{total}. Recreated when needed, except uploads.")
    rows = [
        {
            "Content": _HOLDS.get(name, name),  # a folder that a later version made
            "Last used": wording.ago(usage.last_used, now()) if usage.last_used else "",
            "MB": usage.num_bytes / 1e6,
        }
        for name, usage in usage_by_cache.items()
    ]
    table = pd.DataFrame(rows).sort_values("MB", ascending=False)
    last_used = st.column_config.TextColumn(
        help="Accurate to one day: many file systems record no more."
    )
    config = {"MB": _MEGABYTES, "Last used": last_used}
    st.dataframe(table, hide_index=True, column_config=config)


def _clear() -> None:
    with st.popover("Clear the cache", icon=":material/mop:", key="clear the cache"):
        st.markdown(
            "Remove everything that no running experiment uses? Results and models are kept. The "
            "next experiment unpacks, downloads and decodes its pictures again, which takes a "
            "while. Uploaded pictures are deleted and must be uploaded again."
        )
        if st.button("Clear it", type="primary", key="clear it now"):
            try:
                cleared = guarded_actions.clear_cache()
            except (ValueError, OSError) as error:
                st.error(wording.plain(str(error)))
            else:
                _usage.clear()
                freed, kept = map(wording.megabytes, (cleared.freed_bytes, cleared.kept_bytes))
                st.success(f"{freed} freed. {kept} are in use or new and were kept.")


@st.cache_data(ttl="1 min", max_entries=1, show_spinner=False)
def _usage(home_dir: Path) -> dict[str, Usage]:  # noqa: ARG001 (part of the cache key)
    return caches.usage()
