"""Compare page: differences between trials, and a test of them."""

from collections.abc import Callable

from automl.texts import _
from automl.ui import frame, tabs
from automl.ui.compare import chosen_trials, compare_view, versions_view

experiment_dir, state = frame.begin_with_experiment("pages/compare.py")
chosen = chosen_trials.choose(experiment_dir)
views: dict[str, Callable[[], None]] = {}
if chosen:
    views = {
        _("Metrics"): lambda: compare_view.numbers(chosen),
        _("Settings that differ"): lambda: compare_view.settings(chosen),
        _("Curves"): lambda: compare_view.curves(chosen),
        _("Pictures"): lambda: compare_view.pictures(chosen),
    }
views[_("Versions of the data")] = lambda: versions_view.show(experiment_dir)
tabs.show(views)
