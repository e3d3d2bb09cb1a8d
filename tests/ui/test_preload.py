import pytest

from automl.ui import preload


@pytest.mark.parametrize("kind", ["PlotlyChart", "DataFrame"])
def test_what_the_browser_loads_ahead_is_there(kind):
    assert len(preload._scripts(kind)) == 1  # Streamlit may call it otherwise one day
