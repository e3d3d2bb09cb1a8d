"""Checkpoints come from strangers: tensors are read, nothing in the file is run."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from automl.errors import UserError
from automl.model import checkpoint_file

TENSORS = {"conv.weight": torch.ones(2, 2), "conv.bias": torch.zeros(2)}


class _Command:
    """An object whose pickle creates a file where it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        {"epoch": 3, "state_dict": TENSORS},
        {f"module.{name}": tensor for name, tensor in TENSORS.items()},
        {"model": {f"_orig_mod.{name}": tensor for name, tensor in TENSORS.items()}},
    ],
)
def test_the_weights_are_found_where_programs_put_them(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "file.pth")
    assert list(checkpoint_file.read(tmp_path / "file.pth")) == list(TENSORS)


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "file.safetensors")
    assert set(checkpoint_file.read(tmp_path / "file.safetensors")) == set(TENSORS)


@pytest.mark.parametrize("form", ["zip", "pickle"])
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, form: str) -> None:
    path, trace = tmp_path / "file.pth", tmp_path / "trace"
    if form == "zip":
        torch.save({"state_dict": _Command(trace)}, path)
    else:
        path.write_bytes(pickle.dumps(_Command(trace)))
    with pytest.raises(UserError, match="other objects than tensors"):
        checkpoint_file.read(path)
    assert not trace.exists()


def bad(folder: Path, kind: str) -> Path:
    path = folder / "file.pth"
    torch.save(TENSORS, path)
    if kind == "cut off":
        path.write_bytes(path.read_bytes()[:-200])
    elif kind == "text":
        path.write_text("404 page not found")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "another zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "a")
    elif kind == "safetensors cut off":
        path = folder / "file.safetensors"
        save_file(TENSORS, path)
        path.write_bytes(path.read_bytes()[:-3])
    elif kind == "no tensors":
        torch.save({"epoch": 3}, path)
    else:
        path = folder / "missing.pth"
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("cut off", "is not a checkpoint of torch, or its end is missing"),
        ("text", "is not a checkpoint of torch"),
        ("another zip", "is not a checkpoint of torch"),
        ("empty", "is empty"),
        ("safetensors cut off", "not a safetensors file, or its end is missing"),
        ("no tensors", "holds no tensors by name"),
        ("missing", "is not a file"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(tmp_path: Path, kind: str, said: str) -> None:
    path = bad(tmp_path, kind)
    with pytest.raises(UserError, match=said) as refused:
        checkpoint_file.read(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"text\n", b"a,b\n1,2\n", b"<html>", b"t.", b"(dp0\n.", b"\x80"]
)
def test_a_file_of_any_other_kind_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"weights\.pth (is not a checkpoint|holds no tensors)"):
        checkpoint_file.read(path)
