"""A trained model as ONNX: pixels in 0 to 1 in, logits out, the normalisation inside."""

import json
import logging
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch

from automl.engine import checkpoint

OPSET = 20
_TOLERANCE = 1e-3
_log = logging.getLogger(__name__)


class ParityError(RuntimeError):
    """The exported model answers otherwise than the trained one."""


def export(checkpoint_dir: Path, target: Path, trial_id: str) -> None:
    """Write `model.onnx`, `labels.json` and `settings.json`, complete or not at all.

    Raises:
        ParityError: the two models' probabilities differ by more than 1e-3.
    """
    network, description = checkpoint.load(checkpoint_dir)
    crop_size = description.validation_crop_size
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    example = torch.rand(2, 3, crop_size, crop_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        torch.onnx.export(
            network,
            (example,),
            partial / "model.onnx",
            input_names=["input1"],
            output_names=["output1"],
            dynamic_shapes={"pixels": {0: torch.export.Dim("batch")}},
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    difference = _largest_difference(network, partial / "model.onnx", crop_size)
    _log.info("exported %s: probabilities differ by at most %.2g", trial_id, difference)
    if difference > _TOLERANCE:
        raise ParityError(
            f"The exported model of {trial_id} differs from the trained one by {difference:.2g} "
            f"in probability; at most {_TOLERANCE:g} is allowed. It was not kept."
        )
    settings = {
        "trial_id": trial_id,
        "model_name": description.model_name,
        "validation_resize_size": description.validation_resize_size,
        "validation_crop_size": crop_size,
        "epoch": description.epoch,
    }
    (partial / "settings.json").write_text(json.dumps(settings, indent=1), "utf-8")
    (partial / "labels.json").write_text(json.dumps(description.class_names), "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _largest_difference(network: torch.nn.Module, path: Path, crop_size: int) -> float:
    """Of the probabilities on noise, in a batch of another size than was traced."""
    import onnxruntime

    pixels = torch.rand(3, 3, crop_size, crop_size, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (logits,) = session.run(["output1"], {"input1": pixels.numpy()})
    with torch.inference_mode():
        wanted = network(pixels).softmax(dim=1)
    answered = torch.from_numpy(np.asarray(logits)).softmax(dim=1)
    return float((answered - wanted).abs().max())
