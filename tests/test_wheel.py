"""The wheel: it holds every file of the package and of the app, which starts without a checkout."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer

from automl import cli

ROOT = Path(__file__).parents[1]
PARTS = ("app.py", "local.py", "team.py", "setup.py", "pyproject.toml", "README.md", "LICENSE")
FOLDERS = ("automl", "pages", ".streamlit")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    hidden = shutil.ignore_patterns("__pycache__", "secrets.toml")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=hidden)
    (source / ".streamlit" / "secrets.toml").write_text("[auth]")  # must stay at home
    for name in PARTS:
        shutil.copyfile(ROOT / name, source / name)
    command = [sys.executable, "-W", "ignore", "-c", BUILD, str(folder)]
    subprocess.run(command, check=True, cwd=source, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_holds_the_package_and_the_app_and_no_secret(installed: Path) -> None:
    def files(folder: Path) -> set[str]:
        every = (path for path in folder.rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix() for path in every if "__pycache__" not in path.parts
        }

    assert files(installed / "automl") == files(ROOT / "automl")
    pages = {f"pages/{name}" for name in files(ROOT / "pages")}
    settings = {".streamlit/config.toml", ".streamlit/icon.png"}
    programs = {path.name for path in ROOT.glob("*.py")} - {"setup.py"}
    assert files(installed / "automl_app") == programs | pages | settings


def test_the_app_of_the_wheel_opens_its_first_page(installed: Path, tmp_path: Path) -> None:
    program = """
from streamlit import config
from streamlit.testing.v1 import AppTest
from automl.host import app_files
app = AppTest.from_file(str(app_files.folder() / "app.py"), default_timeout=60).run()
assert not app.exception, app.exception
print(app_files.folder(), app.title[0].value, sep="\\n")
"""
    environment = os.environ | {"PYTHONPATH": str(installed), "AUTOML_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    place, title = done.stdout.splitlines()
    assert place == str(installed / "automl_app")
    assert title


def test_the_container_is_made_of_files_that_are_there_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    copied = [rest.split()[:-1] for name, rest in steps if name == "COPY" and "--from" not in rest]
    assert all((ROOT / source).exists() for sources in copied for source in sources)
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert allowed[1:3] == ["*", "!automl"]
    assert {f"!{part}" for part in (*PARTS, *FOLDERS)} <= set(allowed)
    users = [rest for name, rest in steps if name == "USER"]
    assert users == ["automl"]


def test_the_container_starts_a_command_that_exists() -> None:
    text = (ROOT / "Dockerfile").read_text()
    entry, given = (
        json.loads(line.partition(" ")[2])
        for line in text.splitlines()
        if line.startswith(("ENTRYPOINT", "CMD"))
    )
    assert entry == ["automl"]
    (name, *options), group = given, typer.main.get_group(cli.cli)
    with group.commands[name].make_context(name, options) as context:
        assert context.params["host"] == "0.0.0.0"


def test_an_extra_that_the_wheel_misses_is_named_by_its_packages(
    installed: Path, tmp_path: Path
) -> None:
    program = (
        "import importlib.util; importlib.util.find_spec = lambda name: None\n"
        "from automl.host import extras\n"
        "print(extras.missing('{packages}: pip install {wanted}', ['saliency'], 'explain'))"
    )
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ("saliency: pip install 'captum>=0.8' 'saliency>=0.2.1'\n"), done.stderr
