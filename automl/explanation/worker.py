"""The worker process: holds the models, answers one request after the other."""

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

from automl.dataset.preprocessing import UnreadablePicture, load_preprocessed, model_input
from automl.errors import ExplanationError, UserError
from automl.explanation import attribution, picture
from automl.explanation.request import ExplanationParameters, Reply, Request
from automl.host.cores import usable_cores
from automl.model import checkpoint
from automl.model.description import ModelDescription
from automl.model.network import Normalised, probabilities_of
from automl.texts import mark

_MAX_NAMED = 10
_NO_HEAT = mark(
    "No part of the picture speaks for this answer more than another: the model ignores the "
    "picture, or the algorithm cannot see what it looks at."
)


def serve(requests: BinaryIO, replies: BinaryIO) -> NoReturn:
    """Answer requests until the other end of the pipe is closed; then end the process at once."""
    torch.set_num_threads(usable_cores())
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(requests, lines), daemon=True).start()
    while True:
        reply = answer(Request.model_validate_json(lines.get()))
        replies.write(reply.model_dump_json().encode() + b"\n")
        replies.flush()


def _read(requests: BinaryIO, lines: "queue.Queue[bytes]") -> None:
    for line in requests:
        lines.put(line)
    os._exit(0)  # not sys.exit: nobody waits for an explanation that is being computed


def answer(request: Request) -> Reply:
    """Return the reply to a request; errors of the user become its refusal."""
    try:
        weights = request.checkpoint_dir / "model.safetensors"
        model, description = _load(request.checkpoint_dir, _version(weights))
        pixels = load_preprocessed(
            io.BytesIO(request.file),
            resize_size=description.validation_resize_size,
            crop_size=description.validation_crop_size,
            rendering=description.rendering,
        )
        return explain(
            model,
            description.class_names,
            pixels,
            request.parameters,
            has_label_sets=description.has_label_sets,
            label=request.label,
        )
    except (ExplanationError, UnreadablePicture) as error:
        return Reply(refusal=str(error))


def explain(  # noqa: PLR0913
    model: Normalised,
    class_names: list[str],
    pixels: NDArray[np.uint8],
    parameters: ExplanationParameters,
    *,
    has_label_sets: bool = False,
    label: str | None = None,
) -> Reply:
    """Explain what speaks for a label in a picture.

    Args:
        model: in evaluation mode, without gradients of its weights.
        class_names: by class index.
        pixels: the picture as it is scored, (S, S, 3).
        parameters: how to explain.
        has_label_sets: a picture may have any number of the labels.
        label: the label; the most probable one if left out.

    Raises:
        ExplanationError: the model has no such label.
        FeatureMapMissingError: the algorithm needs a feature map and the model has none.
    """
    if label is not None and label not in class_names:
        known = ", ".join(class_names[:_MAX_NAMED])
        if len(class_names) > _MAX_NAMED:
            known += f" and {len(class_names) - _MAX_NAMED:,} more"
        raise ExplanationError(f"The model has no label {label!r}. Its labels are {known}.")
    inputs = torch.from_numpy(model_input(pixels[None])).to(model.mean.device)
    with torch.inference_mode():
        logits = model(inputs)[0]
    probabilities = probabilities_of(logits, has_label_sets=has_label_sets)
    target = int(probabilities.argmax()) if label is None else class_names.index(label)
    attributions = attribution.attribute(model, inputs, target, parameters)
    heat = attribution.heat(attributions, parameters.xai_algorithm)
    numbers = np.ascontiguousarray(attributions).tobytes() if parameters.attributions else None
    return Reply(
        label=class_names[target],
        probability=float(probabilities[target]),
        picture=picture.draw(pixels, heat) if parameters.visualizations else None,
        attributions=numbers,
        side=len(pixels),
        notes=[] if heat.any() else [_NO_HEAT],
    )


def _version(path: Path) -> tuple[int, ...]:
    """Version of a file: the time alone may be shared by two writes in one tick of the clock."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=2)
def _load(checkpoint_dir: Path, version: tuple[int, ...]) -> tuple[Normalised, ModelDescription]:  # noqa: ARG001
    """Load a checkpoint. `version` is part of the cache's key: newer weights are loaded again.

    Raises:
        ExplanationError: the checkpoint is damaged.
    """
    try:
        model, description = checkpoint.load(checkpoint_dir)
    except UserError as error:
        raise ExplanationError(str(error)) from error
    model.requires_grad_(False)
    return model.to("cuda" if torch.cuda.is_available() else "cpu"), description
