"""Draw the ways on from a class with too few pictures: merge it, leave it out, or undo."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import streamlit as st

from automl.dataset import label_sets
from automl.dataset.manifest import Manifest
from automl.evaluation import natural_order
from automl.figures import wording
from automl.texts import _
from automl.ui.dataset import bulk_changes, data_choice, picture_changes

_NUM_MERGED = 3
_FEWEST = 2
"""Pictures from which on a class can train and validate."""


def settle(
    kind: str,
    corrected: Manifest,
    original: Manifest,
    predicted: Mapping[str, object],
) -> None:
    """Draw a button for each way on, and a choice of the class to merge with.

    Args:
        kind: of the finding about the classes.
        corrected: the data set as corrected.
        original: the data set as it is.
        predicted: classes that the first score has found, by path.
    """
    paths = corrected.concerned[kind]
    bulk_changes.leave_out_these(paths, original, key=kind)
    small = _small(paths, corrected)
    others = natural_order.names(set(corrected.class_names) - set(small))
    for name in list(small)[:_NUM_MERGED]:
        likely = Counter(str(predicted[path]) for path in small[name] if path in predicted)
        likely_names = [other for other, _count in likely.most_common() if other in others]
        rename = partial(picture_changes.rename, name, original=original)
        _merge(name, likely_names[:1], others, rename, reason=kind)
    if data_choice.can_undo():
        st.button(
            _("Undo the last change"),
            icon=":material/undo:",
            key=f"undo because of {kind}",
            on_click=data_choice.undo,
        )


def _small(paths: Sequence[str], corrected: Manifest) -> dict[str, list[str]]:
    """Paths by class, for classes of these pictures that cannot be trained."""
    samples = corrected.samples
    is_given = (samples["split"] == "validation") & samples["fold"].isna()
    used = samples[samples["split"].isin(["train", "validation"]) & ~is_given]
    sizes = label_sets.each_label(used).value_counts()
    rows = samples[samples["path"].isin(list(paths))]
    found: dict[str, list[str]] = {}
    for row, name in label_sets.each_label(rows).items():
        if sizes.get(name, 0) < _FEWEST:
            found.setdefault(str(name), []).append(str(samples.at[row, "path"]))
    return found


def _merge(
    name: str, likely: list[str], others: list[str], rename: Callable[[str], None], *, reason: str
) -> None:
    for other in likely:
        st.button(
            wording.plain(_("Merge {name} into {other}").format(name=name, other=other)),
            icon=":material/merge:",
            key=f"merge {name} into {other} because of {reason}",
            on_click=rename,
            args=(other,),
        )
    choice = f"merge {name} because of {reason}"  # a class may have several findings
    title = _("Merge {name} into …").format(name=name)

    def take() -> None:
        if (other := st.session_state[choice]) is not None:
            rename(other)

    st.selectbox(
        title,
        others,
        index=None,
        placeholder=title,
        label_visibility="collapsed",
        key=choice,
        on_change=take,
        width=260,
    )
