"""The export of a trial's model: complete and compared with the original, or not written at all."""

import contextlib
import json
import shutil
import stat
from pathlib import Path

from automl.errors import ExportError
from automl.export import int8, model_card, parity
from automl.export.parity_report import Parity
from automl.export.request import ExportRequest, Progress, no_progress
from automl.export.trained_model import TrainedModel
from automl.host import atomic
from automl.texts import mark


def export(request: ExportRequest, progress: Progress = no_progress) -> Parity:
    """Write the model with `parity.json` and its model card, `README.md`.

    Raises:
        ExportError: the request cannot be met, or the exported model does not give the answers of
            the trial's own model.
    """
    request.check()
    target = request.target
    atomic.remove_leftovers(target)
    progress("Loading the model", 0.0)
    model = TrainedModel.load(request.experiment_dir, request.trial_id)
    try:
        with atomic.new_folder(target, private=False, overwrite=request.replaces) as folder:
            report = _write(folder, model, request, progress)
            if target.is_dir() and not request.replaces:
                # an empty folder gives way; one that is not empty makes new_folder fail
                with contextlib.suppress(OSError):
                    target.rmdir()
    except FileExistsError:
        raise ExportError(f"{target} exists since a moment ago. Choose another --output.") from None
    progress("Done", 1.0)
    return report


def result(request: ExportRequest, report: Parity) -> dict[str, object]:
    """Return what `automl export --json` prints."""
    return {
        "format": request.format_name,
        "path": str(request.target),
        "parity": json.loads(report.model_dump_json()),
    }


def _write(folder: Path, model: TrainedModel, request: ExportRequest, progress: Progress) -> Parity:
    chosen = request.check()
    progress(f"Writing {chosen.title}", 0.1)
    answers = chosen.write(folder, model)
    for cache in list(folder.rglob("__pycache__")):  # of programs that `write` has imported
        shutil.rmtree(cache)
    report = parity.measure(
        request.format_name,
        folder,
        model,
        answers,
        lambda share: progress(mark("Comparing it with the trial's own model"), 0.4 + 0.4 * share),
    )
    if request.with_int8:
        quantised = int8.write(
            folder, model, lambda share: progress(mark("Quantising to int8"), 0.8 + 0.15 * share)
        )
        report = report.model_copy(update={"int8": quantised})
    progress(mark("Writing the model card"), 0.97)
    (folder / "parity.json").write_text(report.model_dump_json(indent=1), "utf-8")
    (folder / "README.md").write_text(model_card.text(model, report), "utf-8")
    _share_alike(folder)
    return report


def _share_alike(folder: Path) -> None:
    """Give every file the mode of a new file: some libraries write files that only we can read."""
    mode = stat.S_IMODE((folder / "README.md").stat().st_mode)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(mode)
