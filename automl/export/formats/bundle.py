"""Bundle: ONNX with a program and a server that need none of our packages."""

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

from automl.export.formats import Format
from automl.texts import mark

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


def write(folder: Path, model: "TrainedModel") -> "Answers":
    """Write the files of `onnx`, `predict.py`, `serve.py`, their requirements, a Dockerfile."""
    from automl.evaluation import unlike
    from automl.export import onnx_model, standalone

    onnx_model.write(folder, model)
    standalone.copy("predict.py", folder)
    standalone.copy("serve.py", folder)
    standalone.copy("scoring_request.py", folder)
    standalone.copy_preprocessing(folder)
    standalone.copy_module(unlike, folder)
    standalone.write_requirements(folder, "onnxruntime", *model.picture_packages())
    (folder / "requirements-serve.txt").write_text("fastapi>=0.120\nuvicorn>=0.34\n", "utf-8")
    (folder / "Dockerfile").write_text(_DOCKERFILE, "utf-8")
    return _answers(folder)


def _answers(folder: Path) -> "Answers":
    """Return the answers of `predict.py` itself."""
    import numpy as np

    from automl.export import standalone

    with standalone.importable(folder):
        program = runpy.run_path(str(folder / "predict.py"))

    def answer(path: Path) -> "NDArray[np.float32]":
        return np.array(program["probabilities"](path), np.float32)

    return answer


FORMAT = Format(
    title=mark("Bundle"),
    description=mark(
        "ONNX with a small program that answers for picture files, and a server in a Dockerfile."
    ),
    order=20,
    write=write,
    packages=("onnx", "onnxscript"),
    library="onnx",
    has_int8=True,
    usage="""\
```
pip install -r requirements.txt
python predict.py picture.jpg           # one JSON object for each picture
python predict.py --false-alarms 0.05 picture.jpg      # calls more pictures `unlike` than 0.01
docker build -t model . && docker run -p 8080:8080 model      # POST /score, as Azure's endpoint
```

`docker run -e FALSE_ALARMS=0.01 …` adds `unlike` to each answer of /score.

Without Docker: `pip install -r requirements-serve.txt`, then `uvicorn serve:app`.""",
)
