"""The training of one trial: plain PyTorch and timm, no Ray."""
