"""Form that gives an experiment a title, tags and a note."""

from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from automl.errors import UserError
from automl.experiments import remarks
from automl.experiments.remarks import Remarks
from automl.figures import wording
from automl.jobs import job_errors
from automl.texts import _
from automl.ui import cached, guarded_actions


def form(experiment_dir: Path) -> None:
    """Draw the form and save what was written.

    Args:
        experiment_dir: directory of the experiment.
    """
    before = cached.remarks_on(experiment_dir)
    # new fields once another window has saved, whose words would be overwritten else
    key = f"of experiment {experiment_dir.name} {hash(before)}"
    title = st.text_input(
        _("Title"),
        before.title,
        max_chars=remarks.MAX_TITLE,
        key=f"title {key}",
        placeholder=experiment_dir.name,
        help=_("Shown instead of the name. The name stays in the address and on the command line."),
    )
    tags = st.multiselect(
        _("Tags"),
        before.tags,
        before.tags,
        accept_new_options=True,
        max_selections=remarks.MAX_TAGS,
        key=f"tags {key}",
        placeholder=_("Type a word and press Enter"),
    )
    note = st.text_area(_("Note"), before.note, max_chars=remarks.MAX_NOTE, key=f"note {key}")
    if st.button(_("Save"), type="primary", key=f"save {key}"):
        try:
            described = Remarks(title=title.strip(), tags=tuple(tags), note=note.strip())
            guarded_actions.describe(experiment_dir, described)
        except ValidationError as error:
            st.error(wording.plain(wording.stored(job_errors.explain(error.errors()[0]))))
        except (UserError, OSError) as error:
            st.error(wording.of_error(error))
        else:
            st.rerun()
