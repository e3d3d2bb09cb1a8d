"""Actions of the pages: each checks the visitor's permission and writes to the audit log.

No other module of the pages or of `automl.ui` starts, stops, resumes, opens, exports, shares,
imports, deletes, clears or sets limits (tests/ui/test_guarded_actions.py).
"""

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from automl import texts
from automl.access import audit, permissions
from automl.access.permissions import Action
from automl.dataset import data_roots
from automl.errors import DeletedError, UserError
from automl.experiments import (
    chosen_thresholds,
    going_on,
    launcher,
    limits,
    new_data,
    remarks,
    store,
)
from automl.experiments.chosen_thresholds import Choice
from automl.experiments.going_on import Wish
from automl.experiments.limits import QueueLimits
from automl.experiments.new_data import OtherData
from automl.experiments.records import Parent
from automl.experiments.remarks import Remarks
from automl.export.request import ExportRequest
from automl.host import home
from automl.jobs import data_versions
from automl.jobs.job import Job
from automl.model import warm_start
from automl.reports import sharing, test_data
from automl.texts import _
from automl.ui import data_source, sign_in
from automl.ui.side_work import SideWorks

if TYPE_CHECKING:
    from automl.dataset.caches import Cleared
    from automl.evaluation.label_next import LabelNext


def start(job: Job, name: str | None = None) -> Path:
    """Start an experiment; returns its directory.

    Raises:
        NotAllowedError: the visitor may not start experiments.
        UserError: see `data_roots.check_job`, `warm_start.check` and `launcher.create`.
    """
    with audit.recorded(sign_in.person(), Action.START, via="page") as note:
        return _started(job, note, name=name)


def go_on_with(experiment_dir: Path, other: OtherData) -> Path:
    """Start an experiment that goes on from another one with other data; returns its directory.

    Raises:
        NotAllowedError: the visitor may not start experiments.
        UserError: see `new_data.planned` and `start`.
    """
    details = {"parent": experiment_dir.name}
    with (
        _unless_deleted(experiment_dir),
        audit.recorded(sign_in.person(), Action.START, via="page", **details) as note,
    ):
        if other.data is not None:
            data_roots.check(other.data)  # first, so that nobody learns which files exist outside
        job, parent = new_data.planned(experiment_dir, other)
        return _started(job, note, parent=parent)


def _started(
    job: Job, note: audit.Note, *, name: str | None = None, parent: Parent | None = None
) -> Path:
    """Create an experiment of the visitor and start it; the note gets its name."""
    person = sign_in.person()
    if job.ray_address or job.storage_path or job.model_folder:
        permissions.check(person, Action.CHOOSE_CLUSTER)
    data_roots.check_job(job)
    warm_start.check(job)
    experiment_dir = launcher.create(job, name=name, owner=person.name, parent=parent)
    note.experiment = experiment_dir.name
    launcher.start(experiment_dir)
    return experiment_dir


def rank_to_label(
    rankings: "SideWorks[LabelNext]", job: Job, place: Path, count: int
) -> str | None:
    """Begin to rank the pictures of a place by what their labels would teach.

    Returns the key of the work; None while this server does other work of the kind.

    Raises:
        NotAllowedError: the visitor may not label pictures.
        UserError: the data or the place is outside the data roots.
    """
    from automl.dataset import unlabelled  # imports pandas, which is slow
    from automl.serving import keeping

    action = Action.LABEL_KEPT_PICTURES if keeping.are_kept(place) else Action.LABEL
    details = {"data": str(job.training_data.path), "place": str(place)}
    with audit.recorded(sign_in.person(), action, via="page", **details):
        data_roots.check_job(job)
        data_roots.check(place)
        about = job.model_dump_json(include={"training_data", *data_source.JOB_KEYS})
        unlabelled.check(place)
        key = f"{place} {unlabelled.version(place)} {count} {about}"
        return None if rankings.begin(key, job, str(place), str(count)) is None else key


def stop(experiment_dir: Path, trial_id: str | None = None) -> None:
    details = {"trial": trial_id} if trial_id else {}
    with _recorded(Action.STOP, experiment_dir, **details):
        launcher.stop(experiment_dir, trial_id)


def resume(experiment_dir: Path, more_minutes: int | None = None) -> None:
    with _recorded(Action.RESUME, experiment_dir):
        launcher.resume(experiment_dir, more_minutes)


def go_on(experiment_dir: Path, wish: Wish) -> None:
    """Search on in an experiment that has ended; see `going_on.go_on`."""
    with _recorded(Action.RESUME, experiment_dir) as note:
        seam = going_on.go_on(experiment_dir, wish, by=sign_in.person().name)
        note.details["changes"] = ", ".join(seam.changes)


def save_version(job: Job, data_hash: str, name: str | None) -> None:
    """Keep the corrections of a job as a version of its data; see `data_versions.keep`."""
    person, data = sign_in.person(), job.training_data.path
    with audit.recorded(person, Action.SAVE_VERSION, via="page", data=str(data), name=name or ""):
        data_versions.keep(data, job.corrections, data_hash, by=person.name, name=name)


def describe(experiment_dir: Path, described: Remarks) -> None:
    """Give an experiment a title, tags and a note."""
    with _recorded(Action.DESCRIBE, experiment_dir):
        remarks.save(experiment_dir, described)


def choose_thresholds(experiment_dir: Path, trial_id: str, choice: Choice) -> None:
    """Keep thresholds for a trial's model; see `chosen_thresholds.choose`."""
    with _recorded(Action.CHOOSE_THRESHOLDS, experiment_dir, trial=trial_id, aim=choice.aim):
        chosen_thresholds.choose(experiment_dir, trial_id, choice)


def delete(experiment_dir: Path) -> None:
    with _recorded(Action.DELETE, experiment_dir):
        launcher.delete(experiment_dir)


def open_test_data(experiment_dir: Path, trial_id: str, show_progress: test_data.Progress) -> None:
    with _recorded(Action.OPEN_TEST_DATA, experiment_dir, trial=trial_id):
        test_data.open_for(
            experiment_dir, trial_id, by=sign_in.person().name, progress=show_progress
        )


def report(experiment_dir: Path) -> str:
    """Return the experiment as one HTML file."""
    from automl.reports import html_report  # imports pandas, which is slow

    with _recorded(Action.EXPORT, experiment_dir, what="report"), texts.speaking(texts.ENGLISH):
        return html_report.html(experiment_dir)


def export(request: ExportRequest, show_progress: Callable[[str, float], None]) -> None:
    """Export a trial's model for the page; see `exporting.run`."""
    from automl.export import exporting

    details = {"what": request.format_name, "trial": request.trial_id}
    with (
        _recorded(Action.EXPORT, request.experiment_dir, **details),
        texts.speaking(texts.ENGLISH),  # the model card goes with the model
    ):
        exporting.run(request, show_progress)


def exported(experiment_dir: Path, what: str, folder: Path) -> bytes:
    """Return the folder of an exported model as one zip file."""
    with _recorded(Action.EXPORT, experiment_dir, what=what):
        return zipped(folder)


def share(experiment_dir: Path) -> bytes:
    """Return the experiment as a zip file that other installations can open."""
    with _recorded(Action.SHARE, experiment_dir), tempfile.TemporaryDirectory() as folder:
        return sharing.pack(experiment_dir, Path(folder) / "shared.zip").read_bytes()


def import_shared(upload: BinaryIO, name: str) -> Path:
    """Add a shared experiment to the others; returns its directory.

    Raises:
        NotAllowedError: the visitor may not import experiments.
        UserError: see `sharing.unpack`.
    """
    with audit.recorded(sign_in.person(), Action.IMPORT, via="page", file=name) as note:
        saved = data_source.save_upload(upload, name)
        directory = sharing.unpack(saved.path, home.experiments_dir())
        note.experiment = directory.name
    return directory


def set_limits(new_limits: QueueLimits) -> None:
    with audit.recorded(sign_in.person(), Action.SET_LIMITS, via="page", **new_limits.in_words()):
        limits.save(new_limits)


def clear_cache() -> "Cleared":
    from automl.dataset import caches

    with audit.recorded(sign_in.person(), Action.CLEAR_CACHE, via="page"):
        return caches.clear()


def audit_log() -> bytes:
    """Return the whole audit log."""
    with audit.recorded(sign_in.person(), Action.READ_AUDIT_LOG, via="page"):
        return audit.path().read_bytes()


def zipped(folder: Path) -> bytes:
    """Return the folder as a zip file without compression, which hardly shrinks weights."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return file.getvalue()


def may(action: Action, experiment_dir: Path) -> bool:
    """True if the page may offer the action; the action checks the permission again."""
    return sign_in.may(action, owner=_owner(experiment_dir))


@contextlib.contextmanager
def _recorded(action: Action, experiment_dir: Path, **details: str) -> Iterator[audit.Note]:
    with (
        _unless_deleted(experiment_dir),
        audit.recorded(
            sign_in.person(),
            action,
            experiment_dir.name,
            via="page",
            owner=_owner(experiment_dir),
            **details,
        ) as note,
    ):
        yield note


def _owner(experiment_dir: Path) -> str:
    """Person who started an experiment."""
    with _unless_deleted(experiment_dir):
        return store.load_experiment(experiment_dir).owner


@contextlib.contextmanager
def _unless_deleted(experiment_dir: Path) -> Iterator[None]:
    """Say in the visitor's language that somebody else has deleted the experiment."""
    try:
        with store.unless_deleted(experiment_dir):
            yield
    except DeletedError as error:
        sentence = _("There is no experiment called {name} here.")
        raise UserError(sentence.format(name=experiment_dir.name)) from error
