"""Quantisation of an exported ONNX model to int8: smaller, often faster, less accurate."""

import contextlib
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.dataset.preprocessing import model_input, probabilities_of
from automl.errors import ExportError
from automl.evaluation import decisions, picture_groups, significance
from automl.evaluation.decisions import THRESHOLD
from automl.experiments import groups
from automl.export import onnx_model, parity
from automl.export.parity_report import Int8
from automl.export.trained_model import Answers, TrainedModel
from automl.training import trial_data

_NUM_CALIBRATION_PICTURES = 64
_MAX_LOSS = 0.05
_FLOAT_SHARE = 1 / 8
"""Share of the depth, from the input, whose convolutions stay as they are. With 7 bits the first
layers lose most: of 49 convolutions of efficientnet_lite0, the first 6 are two thirds of the error
of the logits, and hardly any of the size."""


def write(folder: Path, model: TrainedModel, progress: Callable[[float], None]) -> Int8:
    """Write `model_int8.onnx` beside `model.onnx`, and score both on the validation pictures.

    The quantisation is static with a scale for every channel. The ranges of activations come from
    training pictures. The first convolutions are left out.

    Raises:
        ExportError: no training or no validation picture can be read, or the quantised model is
            clearly worse, see `refuse_worse`.
    """
    training = parity.readable(model.experiment_dir, "train", _NUM_CALIBRATION_PICTURES)
    validation = parity.readable(model.experiment_dir, "validation")
    if training.empty or validation.empty:
        raise ExportError(
            "int8 needs training pictures, for the ranges, and validation pictures, for the score, "
            "and none of them can be read where they were. Bring them back, or leave --int8 out."
        )
    inputs = [_model_input(model, Path(path)) for path in training["path"]]
    _quantise(folder / "model.onnx", folder / "model_int8.onnx", inputs)
    return _score(folder, model, validation, progress)


def _quantise(source: Path, target: Path, inputs: list[NDArray[np.float32]]) -> None:
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.remaining: Iterator[NDArray[np.float32]] = iter(inputs)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            following = next(self.remaining, None)
            return None if following is None else {"input1": following}

    with _without_advice(), tempfile.TemporaryDirectory() as scratch:
        alone, prepared = Path(scratch) / "alone.onnx", Path(scratch) / "prepared.onnx"
        # with 8 bits the distance to the training pictures says nothing
        onnx.utils.extract_model(source, alone, ["input1"], ["output1"])
        quant_pre_process(alone, prepared, skip_symbolic_shape=True)
        # weights of 7 bits: sums of 8-bit products overflow on processors without VNNI, and the
        # same file would answer otherwise there and in every other runtime
        quantize_static(
            prepared,
            target,
            Pictures(),
            per_channel=True,
            reduce_range=True,
            nodes_to_exclude=_first_convolutions(onnx.load(prepared).graph),
        )
    _complete(source, target)


def _first_convolutions(graph: Any) -> list[str]:
    """Names of the convolutions near the input of each network in an ONNX graph."""
    depths: dict[str, int] = {}  # convolutions up to a tensor
    convolutions: dict[str, int] = {}
    for node in graph.node:  # sorted so that each follows what it needs
        depth = max((depths.get(name, 0) for name in node.input), default=0)
        if node.op_type == "Conv":
            convolutions[node.name] = depth = depth + 1
        depths.update(dict.fromkeys(node.output, depth))
    most = max(1, int(_FLOAT_SHARE * max(convolutions.values(), default=0)))
    return [name for name, depth in convolutions.items() if depth <= most]


def _complete(source: Path, target: Path) -> None:
    """Give the quantised file the metadata of the original, which say what its input is.

    Operator sets that no node uses are removed: some runtimes refuse a file that names them.
    """
    import onnx

    original, quantised = onnx.load(source), onnx.load(target)
    quantised.ir_version = original.ir_version
    known = {one.key: one.value for one in original.metadata_props}
    onnx.helper.set_model_props(quantised, known)
    domains = {"", *(node.domain for node in quantised.graph.node)}
    used = [opset for opset in quantised.opset_import if opset.domain in domains]
    del quantised.opset_import[:]
    quantised.opset_import.extend(used)
    onnx.save(quantised, target)


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Drop what onnxruntime's quantisation logs below ERROR in this thread.

    It logs to the root logger, and adds a handler to it if there is none. Other loggers and other
    threads log as before.
    """
    thread = threading.get_ident()

    def is_wanted(record: logging.LogRecord) -> bool:
        is_advice = record.thread == thread and "onnxruntime" in Path(record.pathname).parts
        return record.levelno >= logging.ERROR or not is_advice

    root, handler = logging.getLogger(), logging.NullHandler()
    root.addFilter(is_wanted)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.removeFilter(is_wanted)


def _score(
    folder: Path, model: TrainedModel, rows: pd.DataFrame, progress: Callable[[float], None]
) -> Int8:
    """Compare the quantised model with the original on validation pictures."""
    paths = [Path(path) for path in rows["path"]]
    labels = trial_data.labels_of(rows, model.description.class_names)
    original, _ = parity.timed(onnx_model.answers(folder), paths, lambda share: progress(share / 2))
    quantised, latency = parity.timed(
        _answers(folder / "model_int8.onnx", model), paths, lambda share: progress(0.5 + share / 2)
    )
    thresholds = THRESHOLD if model.thresholds is None else model.thresholds
    before, after = (decisions.is_right(each, labels, thresholds) for each in (original, quantised))
    counted = picture_groups.one_of_each(rows["id"].to_numpy(), groups.of(model.experiment_dir))
    refuse_worse(before[counted], after[counted])
    return Int8(
        num_images=len(paths),
        accuracy=float(after.mean()),
        original_accuracy=float(before.mean()),
        agreement=parity.agreement(original, quantised, model.thresholds),
        mean_probability_difference=float(np.abs(original - quantised).mean()),
        latency_ms=latency,
        size_bytes=(folder / "model_int8.onnx").stat().st_size,
    )


def refuse_worse(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> None:
    """Refuse a model that is less accurate by more than 0.05, beyond chance.

    Args:
        before: (N,) True where the original is right, about the class or the whole set of labels,
            of pictures of N groups.
        after: (N,) the same for the quantised model.

    Raises:
        ExportError: it is.
    """
    is_much = before.mean() - after.mean() > _MAX_LOSS
    if is_much and significance.p_value_of_right(before, after) <= significance.LEVEL:
        raise ExportError(
            f"Quantised to int8 the model is worse: its accuracy is {after.mean():.3f}, that of "
            f"the original {before.mean():.3f}, on {len(before):,} validation pictures. At most "
            f"{_MAX_LOSS:g} less is allowed. Nothing was kept; leave --int8 out, or export "
            "another network."
        )


def _model_input(model: TrainedModel, path: Path) -> NDArray[np.float32]:
    return model_input(model.preprocessed(path)[None], model.onnx_normalization)


def _answers(path: Path, model: TrainedModel) -> Answers:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def answer(picture: Path) -> NDArray[np.float32]:
        (logits,) = session.run(["output1"], {"input1": _model_input(model, picture)})
        has_sets = model.description.has_label_sets
        probabilities: NDArray[np.float32] = probabilities_of(logits, has_label_sets=has_sets)[0]
        return probabilities

    return answer
