"""Export a trial's model in one of the formats: complete, verified, or not at all."""

import importlib
import json
import shutil
import tempfile
from pathlib import Path

from automl.export import int8, model_card, parity
from automl.export.formats import Progress, check, refuse_taken
from automl.export.parity_report import Parity
from automl.export.trained_model import TrainedModel


def export(  # noqa: PLR0913
    experiment_dir: Path,
    trial_id: str,
    name: str,
    target: Path,
    *,
    with_int8: bool = False,
    replaces: bool = False,
    progress: Progress = lambda _, __: None,
) -> Parity:
    """Write the artefact with `parity.json` and its model card, `README.md`.

    Args:
        experiment_dir: of an experiment with a scored trial.
        trial_id: whose best model it is.
        name: of the format, as in `automl.export.formats`.
        target: folder to make.
        with_int8: a quantised model beside the original.
        replaces: whether a folder that is there already gives way.
        progress: told about the steps.

    Raises:
        ExportError: it cannot be written so, or does not answer as the trial's own model.
    """
    chosen = check(name, int8=with_int8)
    if not replaces:
        refuse_taken(target)
    progress("Loading the model", 0.0)
    model = TrainedModel.load(experiment_dir, trial_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        progress(f"Writing {chosen.title}", 0.1)
        writer = importlib.import_module(f"automl.export.{chosen.module}")
        answers = writer.write(partial, model)
        for folder in list(partial.rglob("__pycache__")):  # its programs have been imported
            shutil.rmtree(folder)
        found = parity.measure(
            name,
            partial,
            model,
            answers,
            lambda share: progress("Comparing it with the trial's own model", 0.4 + 0.4 * share),
        )
        if with_int8:
            report = int8.write(
                partial, model, lambda share: progress("Quantising to int8", 0.8 + 0.15 * share)
            )
            found = found.model_copy(update={"int8": report})
        progress("Writing the model card", 0.97)
        (partial / "parity.json").write_text(found.model_dump_json(indent=1), "utf-8")
        (partial / "README.md").write_text(model_card.text(model, found), "utf-8")
        publish(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    progress("Done", 1.0)
    return found


def publish(partial: Path, target: Path) -> None:
    """Give a finished folder its name; what had it before is removed after that."""
    partial.chmod(0o755)  # a temporary folder is for its maker alone
    old = partial.with_name(f"{partial.name}.old")
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def result(name: str, target: Path, found: Parity) -> dict[str, object]:
    """What `automl export --json` prints."""
    return {"format": name, "path": str(target), "parity": json.loads(found.model_dump_json())}
