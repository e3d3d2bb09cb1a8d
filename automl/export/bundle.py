"""The model with a program that answers for picture files, and a server: no package of ours."""

import runpy
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from automl.export import onnx, standalone
from automl.export.trained_model import Answers, TrainedModel

_DOCKERFILE = """\
# docker build -t model . && docker run -p 8080:8080 model
FROM python:3.11-slim
WORKDIR /model
COPY requirements.txt requirements-serve.txt ./
RUN pip install --no-cache-dir -r requirements.txt -r requirements-serve.txt
COPY . .
USER nobody
EXPOSE 8080
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/ready')"
CMD ["uvicorn", "serve:app", "--host", "0.0.0.0", "--port", "8080"]
"""


def write(folder: Path, model: TrainedModel) -> Answers:
    """What `onnx` writes, `predict.py`, `serve.py` and what they need, and a Dockerfile."""
    onnx.write(folder, model)
    standalone.copy("predict.py", folder)
    standalone.copy("serve.py", folder)
    standalone.copy_preprocessing(folder)
    _write_lines(
        folder / "requirements.txt", standalone.requirements("onnxruntime", "numpy", "pillow")
    )
    _write_lines(folder / "requirements-serve.txt", ["fastapi>=0.120", "uvicorn>=0.34"])
    (folder / "Dockerfile").write_text(_DOCKERFILE, "utf-8")
    return _answers(folder)


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join([*lines, ""]), "utf-8")


def _answers(folder: Path) -> Answers:
    """Those of predict.py itself."""
    with standalone.importable(folder):
        program = runpy.run_path(str(folder / "predict.py"))

    def answer(path: Path) -> NDArray[np.float32]:
        return np.array(program["probabilities"](path), np.float32)

    return answer
