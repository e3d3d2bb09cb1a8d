"""The exported ONNX model in 8-bit integers: smaller and often faster, and a little less right."""

import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset.preprocessing import model_input, softmax
from automl.errors import ExportError
from automl.export import onnx, parity
from automl.export.parity_report import Int8
from automl.export.trained_model import Answers, TrainedModel

_NUM_CALIBRATION = 64


def write(folder: Path, model: TrainedModel, progress: Callable[[float], None]) -> Int8:
    """`model_int8.onnx` beside `model.onnx`: static quantisation with a scale for every channel,
    its ranges from training pictures. Both are scored on all the validation pictures."""
    training = parity.readable(model.experiment_dir, "train", _NUM_CALIBRATION)
    validation = parity.readable(model.experiment_dir, "validation")
    if training.empty or validation.empty:
        raise ExportError(
            "int8 needs the training and validation pictures, to find the ranges and to score it, "
            "and none of them can be read where they were. Bring them back, or leave --int8 out."
        )
    inputs = [_model_input(model, Path(path)) for path in training["path"]]
    _quantise(folder / "model.onnx", folder / "model_int8.onnx", inputs)
    return _score(folder, model, validation, progress)


def _quantise(source: Path, target: Path, inputs: list[NDArray[np.float32]]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left: Iterator[NDArray[np.float32]] = iter(inputs)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            following = next(self.left, None)
            return None if following is None else {"input1": following}

    logging.disable(logging.WARNING)  # it advises on every step
    try:
        with tempfile.TemporaryDirectory() as scratch:
            prepared = Path(scratch) / "prepared.onnx"
            quant_pre_process(source, prepared, skip_symbolic_shape=True)
            quantize_static(prepared, target, Pictures(), per_channel=True)
    finally:
        logging.disable(logging.NOTSET)


def _score(
    folder: Path, model: TrainedModel, rows: pd.DataFrame, progress: Callable[[float], None]
) -> Int8:
    paths = [Path(path) for path in rows["path"]]
    labels = rows["label_index"].to_numpy(np.int64)
    original, _ = parity.timed(onnx.answers(folder), paths, lambda share: progress(share / 2))
    given, latency = parity.timed(
        _answers(folder / "model_int8.onnx", model), paths, lambda share: progress(0.5 + share / 2)
    )
    return Int8(
        num_images=len(paths),
        accuracy=float((given.argmax(axis=1) == labels).mean()),
        original_accuracy=float((original.argmax(axis=1) == labels).mean()),
        agreement=float((given.argmax(axis=1) == original.argmax(axis=1)).mean()),
        latency_ms=latency,
        size_bytes=(folder / "model_int8.onnx").stat().st_size,
    )


def _model_input(model: TrainedModel, path: Path) -> NDArray[np.float32]:
    return model_input(model.preprocessed(path)[None], model.onnx_normalization)


def _answers(path: Path, model: TrainedModel) -> Answers:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def answer(picture: Path) -> NDArray[np.float32]:
        (logits,) = session.run(["output1"], {"input1": _model_input(model, picture)})
        shares: NDArray[np.float32] = softmax(logits)[0]
        return shares

    return answer
