"""The exported training code is made of our modules and needs none of ours."""

import ast
import sys
from dataclasses import fields
from pathlib import Path

from automl.export import standalone, training_code
from automl.jobs.hyperparameters import Hyperparameters
from automl.training.recipe import Recipe

LIBRARIES = {
    "torch",
    "torchvision",
    "timm",
    "sklearn",
    "scipy",
    "safetensors",
    "numpy",
    "PIL",
    "pydicom",
}


def imported_by(path: Path) -> set[str]:
    """First names of everything a file imports, in functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            names.add(node.module.partition(".")[0])
    return names


def test_the_copies_import_each_other_and_libraries_only(tmp_path: Path) -> None:
    copies = [standalone.copy_module(module, tmp_path) for module in training_code.MODULES]
    copies.append(standalone.copy("train_best.py", tmp_path))
    ours = {path.stem for path in copies}
    for path in copies:
        foreign = imported_by(path) - ours - LIBRARIES
        assert "automl" not in foreign
        assert foreign <= set(sys.stdlib_module_names)


def test_a_copy_differs_from_the_module_in_its_imports_only(tmp_path: Path) -> None:
    for module in training_code.MODULES:
        assert module.__file__ is not None
        before = Path(module.__file__).read_text("utf-8").splitlines()
        after = standalone.copy_module(module, tmp_path).read_text("utf-8").splitlines()
        changed = [old for old, new in zip(before, after, strict=True) if old != new]
        assert all(line.startswith("from automl.") for line in changed)


def test_every_setting_of_a_recipe_is_a_hyperparameter() -> None:
    assert {field.name for field in fields(Recipe)} <= set(Hyperparameters.model_fields)
