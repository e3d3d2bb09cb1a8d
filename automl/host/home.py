"""Our folders on this machine, each of which an environment variable can move."""

import hashlib
import json
import os
import shlex
import stat
from pathlib import Path

from automl.errors import UserError


def home_dir() -> Path:
    """Our own directory, readable by this user only (`AUTOML_HOME`, default `~/.automl`).

    Raises:
        UserError: nobody knows the home of this user, or another user made the directory or may
            write into it, and so might have placed files in it.
    """
    path = expanded(os.environ.get("AUTOML_HOME") or "~/.automl")
    if path.parts[:1] == ("~",):  # a user without an entry in the system's list, as containers have
        raise UserError("This user has no home folder. Set AUTOML_HOME to a folder of yours.")
    return _trusted(_private(path.absolute()))


def expanded(path: Path | str) -> Path:
    """The path with `~` as the user's home; `~old` stays if no user of that name is known here."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 (that of Path raises a RuntimeError)


def absolute(path: Path | str) -> Path:
    """The whole path, with `~` as the user's home and without `..`: a place has one name."""
    whole = expanded(path).absolute()
    return whole.resolve() if ".." in whole.parts else whole


def experiments_dir() -> Path:
    """The default folder of experiments (`AUTOML_EXPERIMENTS_DIR`)."""
    path = os.environ.get("AUTOML_EXPERIMENTS_DIR")
    return _private(absolute(path) if path else home_dir() / "experiments")


def cache_dir(name: str) -> Path:
    """A folder whose content may be deleted at any time."""
    return _trusted(_private(_trusted(_private(home_dir() / "cache")) / name))


def cache_name(key: object) -> str:
    """Name in a cache for what the key decides: a hash of it as JSON."""
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()


def latencies_dir() -> Path:
    """Folder of the latencies that were measured on this machine, one file each."""
    return _private(home_dir() / "latencies")


def versions_dir() -> Path:
    """Folder of the versions of data sets, one file for each place of data."""
    return _private(home_dir() / "versions")


def shadows_dir() -> Path:
    """Folder of what servers with two models have recorded."""
    return _private(home_dir() / "shadows")


def languages_path() -> Path:
    """File of the language that each person has chosen for the pages."""
    return home_dir() / "languages.json"


def ray_dir() -> Path:
    """The folder of this user's Ray head: its address, token and log."""
    return _trusted(_private(home_dir() / "ray"))


def head_lock_path() -> Path:
    """The lock that the Ray head holds while it lives."""
    return ray_dir() / "head.lock"


def reference(experiment_dir: Path) -> str:
    """Argument of a command that names an experiment: its id, or its path if in another folder."""
    is_at_home = experiment_dir.parent == experiments_dir()
    return shlex.quote(experiment_dir.name if is_at_home else str(experiment_dir))


def weights_dir() -> Path:
    """Folder of pretrained weights in timm's `local-dir` layout (`AUTOML_WEIGHTS_DIR`).

    By default `weights` in our own directory. It may be missing.
    """
    path = os.environ.get("AUTOML_WEIGHTS_DIR")
    return absolute(path) if path else home_dir() / "weights"


def _private(path: Path) -> Path:
    """Create the folder and those above it that are missing, for this user alone."""
    if not path.is_dir():
        _private(path.parent)
        try:
            path.mkdir(mode=0o700, exist_ok=True)  # another process may make it meanwhile
        except FileExistsError:
            raise UserError(
                f"{path} is no folder. Set AUTOML_HOME, or AUTOML_EXPERIMENTS_DIR for the "
                "experiments, to a folder, or move the file away."
            ) from None
    return path


def _trusted(path: Path) -> Path:
    ours = (0, os.getuid())  # what belongs to root may be a volume that was mounted for us
    for found in (path.lstat(), path.stat()):
        is_open = not stat.S_ISLNK(found.st_mode) and found.st_mode & stat.S_IWOTH
        if found.st_uid not in ours or is_open:
            raise UserError(
                f"{path} belongs to another user or can be written by everybody, who may have "
                "placed files in it. Set AUTOML_HOME to a folder of yours, or make it yours: "
                f"chmod o-w {shlex.quote(str(path))}"
            )
    return path
