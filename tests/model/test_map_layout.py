import numpy as np

from automl.host import home
from automl.model import map_layout


def test_pictures_that_are_alike_lie_together_in_the_same_places_each_time() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 16)).astype(np.float32)
    features[20:] += 8
    places = map_layout.layout(features)
    assert places.shape == (40, 2)
    centres = places[:20].mean(axis=0), places[20:].mean(axis=0)
    inside = np.linalg.norm(places[:20] - centres[0], axis=1).max()
    assert np.linalg.norm(centres[0] - centres[1]) > inside
    (kept,) = home.cache_dir("maps").iterdir()
    np.save(kept, places + 1)
    assert np.array_equal(map_layout.layout(features), places + 1)  # read, not fitted again


def test_two_pictures_have_a_map() -> None:
    assert map_layout.layout(np.eye(2, 8, dtype=np.float32)).shape == (2, 2)
