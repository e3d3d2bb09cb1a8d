"""The process that explains: holds the models, answers one request after the other."""

import functools
import io
import os
import queue
import threading
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

from automl.dataset.preprocessing import load_preprocessed, model_input
from automl.explanation import attribution, picture
from automl.explanation.exchange import Reply, Request
from automl.explanation.parameters import ExplanationParameters
from automl.host.cores import usable_cores
from automl.model import checkpoint
from automl.model.description import ModelDescription
from automl.model.network import Normalised


def serve(requests: BinaryIO, replies: BinaryIO) -> NoReturn:
    """Answer until whoever asks is gone; then the process ends at once."""
    torch.set_num_threads(usable_cores())
    waiting: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    while True:
        reply = answer(Request.model_validate_json(waiting.get()))
        replies.write(reply.model_dump_json().encode() + b"\n")
        replies.flush()


def _read(requests: BinaryIO, waiting: "queue.Queue[bytes]") -> None:
    for line in requests:
        waiting.put(line)
    os._exit(0)  # also in the middle of an explanation nobody waits for any more


def answer(request: Request) -> Reply:
    try:
        stamp = (request.checkpoint_dir / "model.safetensors").stat().st_mtime_ns
        model, description = _load(request.checkpoint_dir, stamp)
        pixels = load_preprocessed(
            io.BytesIO(request.file),
            resize_size=description.validation_resize_size,
            crop_size=description.validation_crop_size,
        )
        return explain(model, description.class_names, pixels, request.parameters)
    except ValueError as error:  # an unreadable picture, or a model without a feature map
        return Reply(refusal=str(error))


def explain(
    model: Normalised,
    class_names: list[str],
    pixels: NDArray[np.uint8],
    parameters: ExplanationParameters,
) -> Reply:
    """Why the model answers as it does.

    Args:
        model: in evaluation mode, without gradients of its weights.
        class_names: by class index.
        pixels: the picture as it is scored (S, S, 3).
        parameters: how to explain.
    """
    inputs = torch.from_numpy(model_input(pixels[None])).to(model.mean.device)
    with torch.inference_mode():
        probabilities = model(inputs)[0].softmax(dim=0)
    target = int(probabilities.argmax())
    found = attribution.attribute(model, inputs, target, parameters)
    heat = attribution.heat(found, parameters.xai_algorithm)
    return Reply(
        label=class_names[target],
        probability=float(probabilities[target]),
        picture=picture.draw(pixels, heat) if parameters.visualizations else None,
        attributions=np.ascontiguousarray(found).tobytes() if parameters.attributions else None,
        side=len(pixels),
        notes=[] if heat.any() else [_NOTHING],
    )


_NOTHING = (
    "No part of the picture speaks for this answer more than another: the model does not look, or "
    "the algorithm does not see where."
)


@functools.lru_cache(maxsize=2)
def _load(checkpoint_dir: Path, mtime_ns: int) -> tuple[Normalised, ModelDescription]:  # noqa: ARG001
    model, description = checkpoint.load(checkpoint_dir)
    model.requires_grad_(False)
    return model.to("cuda" if torch.cuda.is_available() else "cpu"), description
