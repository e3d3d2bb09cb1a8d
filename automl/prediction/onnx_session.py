"""An ONNX file opened with the threads of its user."""

from pathlib import Path
from typing import Any

import onnxruntime


def opened(path: Path, num_threads: int) -> Any:
    """A session of ONNX Runtime on the CPU.

    Its errors have no common base class.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    # a thread that spins while it waits takes a core from a thread that decodes
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
