import torch
from torch import nn

from automl.training import measure


class Slow(nn.Module):
    """Waits in its forward pass, and counts the passes in training mode."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 1)
        self.seen = []

    def forward(self, pixels):
        torch.ones(600, 600) @ torch.ones(600, 600)
        self.seen.append((self.training, tuple(pixels.shape)))
        return self.layer(pixels).mean(dim=(2, 3))


def test_one_picture_at_a_time_is_measured_and_the_network_left_alone():
    network = Slow().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert measure.latency_ms(network, 16) > 0
    assert set(network.seen) == {(False, (1, 3, 16, 16))}
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
