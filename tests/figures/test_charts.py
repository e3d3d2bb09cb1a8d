from pathlib import Path

import numpy as np
import pytest

from automl.experiments.across import VersionScore
from automl.figures import (
    bar_charts,
    confusion_chart,
    palette,
    search_charts,
    timeline,
    trial_charts,
    versions_chart,
)
from automl.jobs import model_catalog


def test_families_offered_can_be_told_apart_without_colour():
    markers = {
        model.family: palette.family_look(model.name)[1] for model in model_catalog.MODELS.values()
    }
    assert len(set(markers.values())) == len(markers)


def test_a_model_of_an_unknown_family_always_looks_the_same():
    assert palette.family_look("regnety_002") == palette.family_look("regnety_004")


def test_models_of_one_family_are_told_apart_by_their_marker_in_any_order():
    looks = palette.looks(["resnet50", "vit_tiny", "resnet18"])
    assert looks["resnet18"] == palette.family_look("resnet18")
    assert looks["resnet50"][0] == looks["resnet18"][0]
    assert looks["resnet50"][1] == looks["resnet18"][1] + "-open"
    assert palette.looks(["resnet18", "resnet50", "vit_tiny"]) == looks


def test_markers_at_epoch_0_are_whole(make_trial):
    trial = make_trial("t1", [0.5, 0.6, 0.7])
    assert trial_charts.learning_curves([trial], "accuracy").layout.xaxis.range[0] < 0


def test_timm_names_belong_to_the_families_we_know():
    assert palette.family_look("resnet10t") == palette.family_look("resnet18")
    assert palette.family_look("resnest26d") == palette.family_look("resnest50")


def test_a_label_cannot_bring_tags_into_a_figure():
    assert palette.label("<a href='x'>cat</a>") == "&lt;a href='x'&gt;cat&lt;/a&gt;"


def test_a_clicked_cell_knows_its_classes():
    figure = confusion_chart.figure_of(np.diag([3, 4, 5]), ["a", "b", "c"], [0, 2])
    assert figure.data[1].customdata == ([0, 0], [0, 2], [2, 0], [2, 2])


def test_numbers_stand_in_the_cells_that_are_not_empty():
    matrix = np.array([[3, 1], [0, 5]])
    figure = confusion_chart.figure_of(matrix, ["a", "b"], [0, 1])
    assert figure.data[1].mode == "markers+text"
    assert figure.data[1].text == ("3", "1", "", "5")
    shares = confusion_chart.figure_of(matrix, ["a", "b"], [0, 1], unit="row")
    assert shares.data[1].hovertext[1] == "1 of a predicted as b<br>25.0% of the row"


def test_many_learning_curves_are_drawn_by_webgl_without_markers(make_trial):
    trials = [make_trial(f"t{n}", [0.5, 0.6, 0.7], number=n) for n in range(30)]
    few, many = (trial_charts.learning_curves(part, "accuracy") for part in (trials[:20], trials))
    assert {trace.type for trace in few.data} == {"scatter"}
    assert {(trace.type, trace.mode) for trace in many.data} == {("scattergl", "lines")}


def test_learning_curves_are_smoothed_and_keep_their_own_scores(make_trial):
    figure = trial_charts.learning_curves([make_trial("t", [0, 1])], "accuracy", smoothing=0.5)
    assert figure.data[0].y == pytest.approx([0, 2 / 3])
    assert figure.data[0].customdata == (0, 1)


def test_scores_below_0_stay_in_view(make_trial):
    below, above = (
        trial_charts.learning_curves([make_trial("t", scores)], "accuracy").layout.yaxis.rangemode
        for scores in ([-0.1, 0.2], [0.1, 0.2])
    )
    assert (below, above) == ("normal", "nonnegative")


def test_bars_whose_shortened_names_are_equal_stay_apart():
    figure = bar_charts.classes({"a" * 30 + "1": 3, "a" * 30 + "2": 5})
    assert figure.data[0].x == (5, 3)
    assert figure.data[0].y == (0, 1)


def test_versions_whose_shortened_names_are_equal_stay_apart():
    names = [f"with the corrected labels {number}" for number in (1, 2)]
    found = [VersionScore(name, Path("pets"), "t1", 0.9, None, None) for name in names]
    figure = versions_chart.scores(found, "accuracy")
    assert len(set(figure.data[0].x)) == 2
    assert set(figure.layout.xaxis.ticktext) == {"with the corrected …"}


def test_only_the_answer_has_a_colour():
    figure = bar_charts.probabilities({"cat": 0.2, "dog": 0.7, "cow": 0.06, "pig": 0.04})
    assert figure.data[0].text == ("0.700", "0.200", "0.060")
    assert figure.data[0].marker.color == (palette.ACCENT, palette.MUTED, palette.MUTED)


def test_axes_make_sense_before_the_first_point_and_with_one(make_trial):
    figure = search_charts.best_over_time(timeline.history([], "accuracy"), "accuracy")
    assert figure.layout.xaxis.range == (0, 1)
    probe = make_trial("t", [0.93], hyperparameters={"model_name": "a", "method": "linear_probe"})
    history = timeline.history([probe], "accuracy")
    figure = search_charts.over_time(
        history.at([0]), history.improvements(), "accuracy", history.clock
    )
    assert figure.layout.yaxis.range == pytest.approx((0.92, 0.94))
    assert [line.y0 for line in figure.layout.shapes] == [0.93]


def test_smoothing_keeps_what_is_level_and_steps_over_what_diverged():
    assert trial_charts.smoothed([0.5, 0.5, 0.5], 0.9) == pytest.approx([0.5] * 3)
    assert trial_charts.smoothed([0.1, 0.9], 0) == [0.1, 0.9]
    assert trial_charts.smoothed([0.4, float("nan"), 0.4], 0.5) == pytest.approx([0.4] * 3)


def test_a_large_matrix_has_points_only_where_there_are_pictures():
    matrix = np.diag(np.arange(100))
    figure = confusion_chart.figure_of(matrix, [str(n) for n in range(100)], list(range(100)))
    assert len(figure.data[1].customdata) == 99
