import pytest
import torch
import torch._dynamo
from torch import nn
from torch._dynamo.utils import counters

from automl.jobs.compatibility import resolve
from automl.training.process_state import ProcessState, compiled
from tests.small_training import TINY

PIXELS = torch.linspace(-1, 1, 24).reshape(2, 3, 2, 2)


def network(width: int) -> nn.Module:
    torch.manual_seed(width)
    # matrix products alone: for anything else a C++ compiler would run for ten seconds
    return nn.Sequential(nn.Flatten(), nn.Linear(12, width), nn.Linear(width, 2))


def test_the_last_model_of_a_worker_is_compiled_like_the_first(monkeypatch):
    """A compiler that has seen some models without being reset leaves the next ones as they are."""
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 1)
    state, asked = ProcessState.take(), resolve({**TINY, "compile": "on"})
    for width in (3, 4):
        model, before = network(width), counters["stats"]["unique_graphs"]
        expected = model(PIXELS)
        forward = compiled(model, asked, PIXELS, num_images=60)
        with torch.no_grad():
            assert forward(PIXELS) == pytest.approx(expected.detach(), abs=1e-5)
        assert counters["stats"]["unique_graphs"] == before + 1
        state.put_back()
