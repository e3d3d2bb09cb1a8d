"""Train the model again, on torch and timm alone.

    pip install -r requirements.txt
    python train_best.py [--data FOLDER] [--weights FOLDER] [--output FOLDER]

It reads `pictures.csv` (path, label, split), starts from the same weights, trains up to the epoch
that was the best, and writes `model.safetensors`. The numbers are the same again on the same
machine and versions, and about the same on others.
"""

import argparse
import csv
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.transforms import v2

from automl.dataset.preprocessing import load_preprocessed, load_rgb

S: dict[str, Any] = {}  # filled in by the export
HERE = Path(__file__).parent
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Normalised(nn.Module):
    """Pixels in 0 to 1 in, logits out."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(S["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(S["std"]).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.network((pixels - self.mean) / self.std)
        return logits


def build(weights: str | None) -> Normalised:
    """The network at its start; weights: a folder as timm lays it out, or None for timm's own."""
    options = {"num_classes": len(S["class_names"]), "exportable": True, **S["model_options"]}
    if not S["is_pretrained"]:
        return Normalised(timm.create_model(S["timm_name"].partition(".")[0], **options))
    source = f"local-dir:{weights}" if weights else S["timm_name"]
    return Normalised(timm.create_model(source, pretrained=True, **options))


def last_layers(network: Any) -> list[nn.Module]:
    head = network.get_classifier()
    return [head] if isinstance(head, nn.Module) else list(head)


# ---- pictures ------------------------------------------------------------------------------------


def read_pictures(root: Path, split: str) -> tuple[list[Path], Tensor]:
    """Paths and class indices (N,) of a split."""
    with (HERE / "pictures.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    labels = torch.tensor([S["class_names"].index(row["label"]) for row in rows])
    return [root / row["path"] for row in rows], labels


def decoded(
    paths: list[Path], prepare: Callable[[Path], NDArray[np.uint8]], side: int, file: Path
) -> NDArray[np.uint8]:
    """(N, side, side, 3) in a file that is mapped into memory."""
    array = np.lib.format.open_memmap(file, "w+", np.uint8, (len(paths), side, side, 3))

    def fill(place: int) -> None:
        array[place] = prepare(paths[place])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(len(paths))))
    return array


def squashed(path: Path) -> NDArray[np.uint8]:
    """The whole picture as a square; crops are stretched back to true proportions."""
    side = S["whole_size"]
    return np.asarray(load_rgb(path, min_side=side).resize((side, side), 2))


def centre_crop(path: Path) -> NDArray[np.uint8]:
    """As it is scored."""
    return load_preprocessed(
        path, resize_size=S["validation_resize_size"], crop_size=S["validation_crop_size"]
    )


def aspects_of(paths: list[Path]) -> Tensor:
    """(N,) width / height."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sizes = list(pool.map(lambda path: load_rgb(path).size, paths))
    return torch.tensor([width / height for width, height in sizes])


def random_boxes(aspects: Tensor, generator: torch.Generator) -> Tensor:
    """(B, 4): left, top, width, height as shares of the picture."""
    uniform = torch.rand(4, len(aspects), generator=generator)
    area = S["crop_scale_min"] + (1 - S["crop_scale_min"]) * uniform[0]
    low, high = torch.tensor(S["crop_ratio"]).log()
    ratio = torch.exp(low + (high - low) * uniform[1])
    width, height = (area * ratio / aspects).sqrt(), (area * aspects / ratio).sqrt()
    fit = torch.maximum(width, height).clamp(min=1)
    width, height = width / fit, height / fit
    return torch.stack([uniform[2] * (1 - width), uniform[3] * (1 - height), width, height], 1)


def centre_boxes(aspects: Tensor) -> Tensor:
    share = S["validation_crop_size"] / S["validation_resize_size"]
    width = share * torch.minimum(torch.ones_like(aspects), 1 / aspects)
    height = share * torch.minimum(torch.ones_like(aspects), aspects)
    return torch.stack([(1 - width) / 2, (1 - height) / 2, width, height], dim=1)


def cropped(pictures: NDArray[np.uint8], boxes: Tensor, flips: Tensor) -> Tensor:
    """float (B, 3, size, size) in 0 to 1; flips (B, 2): left to right, upside down."""
    size, side = S["training_crop_size"], S["whole_size"]
    corners = torch.stack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
    edges = (corners * side).round().long().tolist()
    out = torch.empty(len(pictures), size, size, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    for place, ((left, top), (right, bottom)) in enumerate(edges):
        part = torch.from_numpy(pictures[place : place + 1]).permute(0, 3, 1, 2)
        part = part[:, :, top : max(bottom, top + 1), left : max(right, left + 1)]
        whole = nn.functional.interpolate(part, (size, size), mode="bilinear", antialias=True)[0]
        axes = [axis for axis, on in zip((-1, -2), flips[place].tolist(), strict=True) if on]
        out[place] = whole.flip(axes) if axes else whole
    return out.float().div_(255)


def augmented(pictures: NDArray[np.uint8], aspects: Tensor, generator: torch.Generator) -> Tensor:
    """Random crop, flips, brightness and contrast of every picture; float (B, 3, size, size)."""
    if S["augmentation"] == "none":
        nothing = torch.zeros(len(aspects), 2, dtype=torch.bool)
        return cropped(pictures, centre_boxes(aspects), nothing)
    boxes = random_boxes(aspects, generator)
    allowed = torch.tensor([S["horizontal_flip"], S["vertical_flip"]])
    flips = (torch.rand(len(aspects), 2, generator=generator) < 0.5) & allowed
    pixels = cropped(pictures, boxes, flips)
    if not S["colour_jitter"]:
        return pixels
    factors = 1 + S["colour_jitter"] * (2 * torch.rand(2, len(pixels), generator=generator) - 1)
    brightness, contrast = factors.view(2, -1, 1, 1, 1)
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return torch.addcmul(mean * (1 - contrast) * brightness, pixels, contrast * brightness).clamp_(
        0, 1
    )


# ---- the head that training starts from ----------------------------------------------------------


def start_head(network: Normalised, batches: Iterator[Tensor], labels: Tensor) -> None:
    """Zero, or fitted to what the network sees in the training pictures."""
    is_new = S["is_pretrained"]
    if S["head_init"] == "zero" or (is_new and S["head_init"] in ("auto", "linear_probe")):
        for layer in last_layers(network.network):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)
    if starts_from_probe() or S["method"] == "linear_probe":
        fit_probe(network, batches, labels)


def starts_from_probe() -> bool:
    return bool(S["head_init"] == "linear_probe" and S["is_pretrained"])


def fit_probe(network: Normalised, batches: Iterator[Tensor], labels: Tensor) -> None:
    """Logistic regression on the features, standardised."""
    (head,) = last_layers(network.network)
    assert isinstance(head, nn.Linear | nn.Conv2d)
    assert head.bias is not None
    seen: list[Tensor] = []
    hook = head.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].flatten(1).float().cpu())
    )
    network.eval()
    with torch.inference_mode():
        for pixels in batches:
            network(pixels.to(DEVICE))
    hook.remove()
    features = torch.cat(seen).clone()
    mean, scale = features.mean(0), features.std(0, unbiased=False)
    scale[scale < 1e-6] = 1
    weight, bias = fitted((features - mean) / scale, labels)
    weight = weight / scale
    with torch.no_grad():
        head.weight.copy_(weight.view_as(head.weight))
        head.bias.copy_(bias - weight @ mean)


def fitted(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Weight (K, D) and bias (K,) of the multinomial regression."""
    num_classes = len(S["class_names"])
    is_there = torch.bincount(labels, minlength=num_classes) > 0
    weight = torch.zeros(num_classes, features.shape[1], requires_grad=True)
    bias = torch.zeros(num_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, line_search_fn="strong_wolfe")
    # scikit-learn has one row for two classes, which costs half of what two opposite rows do
    penalty = 1.0 if int(is_there.sum()) == 2 else 0.5
    strength = 0.1 * min(1.0, math.sqrt(200 / len(labels)))  # scikit-learn's C

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = (features @ weight.T + bias).masked_fill(~is_there, -math.inf)
        error = nn.functional.cross_entropy(logits, labels, reduction="sum")
        total = penalty * weight.square().sum() + strength * error
        total.backward()
        return total

    optimizer.step(loss)
    return weight.detach(), torch.where(is_there, bias.detach(), torch.tensor(-10.0))


# ---- training ------------------------------------------------------------------------------------


def make_optimizer(network: nn.Module) -> torch.optim.Optimizer:
    if S["optimizer"] == "sgd":
        kind = "sgd" if S["nesterov"] and S["momentum"] > 0 else "momentum"
        options: dict[str, Any] = {"momentum": S["momentum"]}
    else:
        kind = S["optimizer"]
        options = {"betas": (S["beta1"], S["beta2"]), "amsgrad": S["ams_gradient"]}
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        network,
        opt=kind,
        lr=S["learning_rate"],
        weight_decay=S["weight_decay"],
        layer_decay=S["layer_decay"] if S["layer_decay"] < 1 else None,
        fused=True,
        **options,
    )
    for group in optimizer.param_groups:
        group["lr"] *= group.get("lr_scale", 1.0)
    return optimizer


def rate_share(update: int, updates_per_epoch: int) -> float:
    """Share of the learning rate for the next update, after so many."""
    if S["learning_rate_scheduler"] == "none":
        return 1.0
    if S["learning_rate_scheduler"] == "step":
        return float(S["step_lr_gamma"] ** (update // (S["step_lr_step_size"] * updates_per_epoch)))
    warmup = S["warmup_cosine_lr_warmup_epochs"] * updates_per_epoch
    total = S["number_of_epochs"] * updates_per_epoch
    if update + 1 <= warmup:
        return float((update + 1) / warmup)
    done = (update + 1 - warmup) / max(1, total - warmup)
    return max(0.0, 0.5 * (1 + math.cos(2 * math.pi * S["warmup_cosine_lr_cycles"] * done)))


def make_loss(labels: Tensor) -> nn.CrossEntropyLoss:
    weights = None
    if S["weighted_loss"]:
        counts = torch.bincount(labels, minlength=len(S["class_names"]))
        balanced = counts.sum() / (len(counts) * counts.clamp(min=1))
        weights = balanced ** (0.5 if S["weighted_loss"] == 1 else 1.0)
    return nn.CrossEntropyLoss(weights, label_smoothing=S["label_smoothing"]).to(DEVICE)


def mixed(pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mixup or CutMix, where they are on."""
    num_classes = len(S["class_names"])
    ways = [
        kind(alpha=alpha, num_classes=num_classes)
        for kind, alpha in ((v2.MixUp, S["mixup"]), (v2.CutMix, S["cutmix"]))
        if alpha and num_classes > 1
    ]
    if not ways:
        return pixels, labels
    blended: tuple[Tensor, Tensor] = ways[int(torch.randint(len(ways), ()))](pixels, labels)
    return blended


def train_mode(network: nn.Module) -> None:
    """But for batch norms that are frozen, or whose statistics a probe was fitted with."""
    network.train()
    for module in network.modules():
        parameters = list(module.parameters())
        is_frozen = not any(p.requires_grad for p in parameters)
        if isinstance(module, _BatchNorm) and (is_frozen or starts_from_probe()):
            module.eval()


def train(network: Normalised, batches: Callable[[], Iterator[Any]], labels: Tensor) -> nn.Module:
    """Up to the best epoch; returns what is scored, the mean of the weights where that is on."""
    for name in S["frozen"]:
        network.network.get_parameter(name).requires_grad_(False)
    num_batches, accumulation = len(labels) // S["training_batch_size"], S["accumulation"]
    per_epoch = math.ceil(num_batches / accumulation)
    optimizer, loss_of = make_optimizer(network.network), make_loss(labels)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: rate_share(n, per_epoch))
    decay = S["model_ema_decay"]
    mean = ModelEmaV3(network, decay=decay, use_warmup=True) if S["model_ema"] else None
    dtype = getattr(torch, S["precision"])
    scaler = torch.amp.GradScaler(DEVICE.type, enabled=dtype is torch.float16)
    for epoch in range(S["best_epoch"]):
        train_mode(network)
        total = 0.0
        for number, (pixels, wanted) in enumerate(batches()):
            first = number - number % accumulation
            together = min(accumulation, num_batches - first)
            pixels, targets = mixed(pixels.to(DEVICE), wanted.to(DEVICE))
            with torch.autocast(DEVICE.type, dtype=dtype, enabled=dtype is not torch.float32):
                loss = loss_of(network(pixels), targets)
            scaler.scale(loss / together).backward()
            total += float(loss.detach())
            if number + 1 == first + together:
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad(set_to_none=True)
                schedule.step()
                if mean is not None:
                    mean.update(network, step=schedule.last_epoch)
        print(f"epoch {epoch + 1} of {S['best_epoch']}: loss {total / num_batches:.4f}")
    return network if mean is None else mean.module


def evaluate(network: nn.Module, pictures: NDArray[np.uint8]) -> Tensor:
    """Probabilities (N, K) for pictures (N, H, W, 3) that are preprocessed."""
    network.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(pictures), S["validation_batch_size"]):
            part = torch.from_numpy(np.array(pictures[start : start + S["validation_batch_size"]]))
            pixels = part.to(DEVICE).permute(0, 3, 1, 2).float().div_(255)
            parts.append(network(pixels).float().softmax(dim=1).cpu())
    return torch.cat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(S["data"]), help="instead of %(default)s")
    parser.add_argument("--weights", help="folder of pretrained weights, as timm lays it out")
    parser.add_argument("--output", type=Path, default=HERE)
    given = parser.parse_args()
    torch.manual_seed(S["random_seed"])
    generator = torch.Generator().manual_seed(S["random_seed"])
    found = S["weights"] if Path(S["weights"]).is_dir() else None
    network = build(given.weights or found).to(memory_format=torch.channels_last).to(DEVICE)
    paths, labels = read_pictures(given.data, "train")
    scored_paths, scored_labels = read_pictures(given.data, "validation")
    aspects = aspects_of(paths)
    size = S["training_batch_size"]
    with tempfile.TemporaryDirectory() as folder:
        pictures = decoded(paths, squashed, S["whole_size"], Path(folder) / "train.npy")

        def centres() -> Iterator[Tensor]:
            for part in torch.arange(len(paths)).split(S["validation_batch_size"]):
                nothing = torch.zeros(len(part), 2, dtype=torch.bool)
                yield cropped(pictures[part.numpy()], centre_boxes(aspects[part]), nothing)

        def batches() -> Iterator[tuple[Tensor, Tensor]]:
            order = torch.randperm(len(labels), generator=generator)
            for part in order.split(size)[: len(order) // size]:
                yield augmented(pictures[part.numpy()], aspects[part], generator), labels[part]

        start_head(network, centres(), labels)
        best = train(network, batches, labels) if S["best_epoch"] else network
        file = Path(folder) / "validation.npy"
        scored = decoded(scored_paths, centre_crop, S["validation_crop_size"], file)
        probabilities = evaluate(best, scored)
    accuracy = float((probabilities.argmax(1) == scored_labels).float().mean())
    state = best.network.state_dict()  # type: ignore[union-attr]
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    save_file(weights, given.output / "model.safetensors")
    print(f"accuracy {accuracy:.4f} on {len(scored_labels)} validation pictures")
    print(f"the model that is trained again here had {S['then']}")


if __name__ == "__main__":
    main()
