"""The files of every export: names that any system allows, and nothing of this machine in them."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automl.export import formats
from automl.host import extras

TRIALS = {"onnx": "trial-001"}  # what the other tests export, too
RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10)),
}


@pytest.fixture(
    params=sorted(set(formats.names()) - {"mlflow"})
)  # azure has an MLflow model inside
def artefact(request: pytest.FixtureRequest, exported: Callable[..., Path]) -> Path:
    name, chosen = request.param, formats.named(request.param)
    if missing := extras.missing(f"{name} needs {{packages}}", chosen.packages, chosen.extra):
        pytest.skip(missing)
    if "mlflow" in chosen.packages:
        pytest.importorskip("mlflow.pyfunc")  # whose import warns
    return exported(name, TRIALS.get(name, "trial-000"), with_int8=name == "bundle")


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and every file inside of those that are zip archives.

    Python compiles modules of the artefact into it when another test runs them.
    """
    for path in sorted(set(folder.rglob("*")) - set(folder.rglob("__pycache__/*"))):
        if path.is_file():
            yield path.name, path.read_bytes()
        if path.is_file() and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from (
                    (f"{path.name}/{name}", archive.read(name)) for name in archive.namelist()
                )


def test_no_file_names_a_folder_of_this_machine(artefact: Path) -> None:
    ours = Path(formats.__file__).parents[3]
    places = {
        tempfile.gettempdir(),
        str(Path.home()),
        str(ours),
        str(Path(pytest.__file__).parents[1]),
    }
    found = {
        (name, place)
        for name, content in contents(artefact)
        for place in places
        if f"{place}/".encode() in content
    }
    assert not found


def test_every_name_is_allowed_on_windows(artefact: Path) -> None:
    names = [path.relative_to(artefact).as_posix() for path in artefact.rglob("*")]
    assert len({name.lower() for name in names}) == len(names)
    for part in {part for name in names for part in name.split("/")}:
        assert not set(part) & set('<>:"\\|?*')
        assert part.rstrip(". ") == part
        assert part.partition(".")[0].lower() not in RESERVED
    assert max(map(len, names)) < 100


def test_every_file_is_as_readable_as_a_new_one(artefact: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.touch()
    modes = {path.stat().st_mode for path in artefact.rglob("*") if path.is_file()}
    assert modes == {new.stat().st_mode}
