"""Our folders on this machine, each of which an environment variable can move."""

import os
from pathlib import Path


def home_dir() -> Path:
    """Our own directory, readable by this user only (`AUTOML_HOME`, default `~/.automl`)."""
    return _private(Path(os.environ.get("AUTOML_HOME", "~/.automl")).expanduser().absolute())


def experiments_dir() -> Path:
    """The default folder of experiments (`AUTOML_EXPERIMENTS_DIR`)."""
    path = os.environ.get("AUTOML_EXPERIMENTS_DIR")
    return _private(Path(path).expanduser().absolute() if path else home_dir() / "experiments")


def cache_dir(name: str) -> Path:
    """A folder whose content may be deleted at any time."""
    return _private(home_dir() / "cache" / name)


def latencies_dir() -> Path:
    """Folder of the latencies that were measured on this machine, one file each."""
    return _private(home_dir() / "latencies")


def ray_dir() -> Path:
    """The folder of this user's Ray head: its address, token and log."""
    return _private(home_dir() / "ray")


def head_lock_path() -> Path:
    """The lock that the Ray head holds while it lives."""
    return ray_dir() / "head.lock"


def weights_dir() -> Path:
    """Folder of pretrained weights in timm's `local-dir` layout (`AUTOML_WEIGHTS_DIR`).

    By default `weights` in our own directory. It may be missing.
    """
    path = os.environ.get("AUTOML_WEIGHTS_DIR")
    return Path(path).expanduser().absolute() if path else home_dir() / "weights"


def _private(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
