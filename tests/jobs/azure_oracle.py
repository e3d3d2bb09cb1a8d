"""Write what Azure's client makes of each file of `azure_variants`: tests/data/azure-verdicts.json.

    python -m venv /tmp/azure && /tmp/azure/bin/pip install azure-ai-ml==1.35.2 "marshmallow<4"
    /tmp/azure/bin/python tests/jobs/azure_oracle.py

A file is taken if `load_job` reads it and the body of the request can be written. Nothing is sent.
"""

import json
import logging
import tempfile
import warnings
from pathlib import Path

import azure_variants  # type: ignore[import-not-found]  # the script runs in its own folder
from azure.ai.ml import load_job  # type: ignore[import-not-found]
from azure.ai.ml._restclient.arm_ml_service._utils.model_base import (  # type: ignore[import-not-found]
    SdkJSONEncoder,
)

TARGET = Path(__file__).parents[1] / "data" / "azure-verdicts.json"


def is_taken(path: Path) -> bool:
    """True if Azure's client would send the job."""
    try:
        job = load_job(path)
        if job.type == "automl":
            json.dumps(job._to_rest_object(), cls=SdkJSONEncoder, exclude_readonly=True)
    except Exception:  # noqa: BLE001 (the client raises anything)
        return False
    return True


def main() -> None:
    """Ask the client about every file."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    verdicts = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        for name, text in azure_variants.variants().items():
            (folder / "job.yml").write_text(text.replace("{folder}", str(folder)))
            verdicts[name] = is_taken(folder / "job.yml")
    TARGET.write_text(json.dumps(verdicts, indent=0, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
