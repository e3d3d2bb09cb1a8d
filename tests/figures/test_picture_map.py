import pandas as pd

from automl.figures import picture_map


def points(count: int) -> pd.DataFrame:
    return pd.DataFrame({"x": 0.5, "y": 0.5, "place": range(count)})


def test_a_class_that_is_called_like_the_rest_is_drawn_once() -> None:
    drawn = picture_map.figure(points(2), ["others", "cat"])
    assert [place for series in drawn.data for place in series.customdata] == [0, 1]


def test_small_groups_are_one_colour_and_points_know_their_places() -> None:
    groups = [f"class {number % 20}" for number in range(400)] + ["<b>rare"]
    drawn = picture_map.figure(points(401), groups)
    assert len(drawn.data) == 12
    assert drawn.data[-1].name == "others"
    places = [place for series in drawn.data for place in series.customdata]
    assert sorted(places) == list(range(401))
    alone = picture_map.figure(points(1), ["<b>rare"])
    assert alone.data[0].name == "&lt;b&gt;rare"
