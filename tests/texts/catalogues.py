"""Texts of the sources and catalogues of their translations; `make texts` brings both together."""

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog

from automl import texts
from automl.figures import wording

ROOT = Path(__file__).parents[2]
Key = str | tuple[str, str]
"""An English text, or its singular and its plural."""


def sources() -> list[Path]:
    """The modules with texts of the app."""
    return [
        ROOT / "app.py",
        *sorted((ROOT / "pages").glob("*.py")),
        *sorted((ROOT / "automl").rglob("*.py")),
    ]


def of_sources() -> dict[Key, list[tuple[str, int]]]:
    """Every text with the places where it stands."""
    found: dict[Key, list[tuple[str, int]]] = {"English": []}
    for path in sources():
        for key, line in of_module(path.read_text()):
            found.setdefault(key, []).append((path.relative_to(ROOT).as_posix(), line))
    return found


def of_module(source: str) -> Iterator[tuple[Key, int]]:
    """Texts of one module: what `_`, `mark`, `ngettext` and `wording.count` are given."""
    if "automl.texts" not in source and "wording.count" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            given = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            words = [value for value in given if isinstance(value, str)]
            match node.func:
                case ast.Name(id="_" | "mark") if words:
                    yield words[0], node.lineno
                case ast.Name(id="ngettext") if len(words) == 2:
                    yield (words[0], words[1]), node.lineno
                case ast.Attribute(attr="count", value=ast.Name(id="wording")) if words:
                    yield wording.counted(words[0]), node.lineno


def po_paths() -> list[Path]:
    return sorted(texts.LOCALE_DIR.glob("*/LC_MESSAGES/automl.po"))


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return pofile.read_po(file)


def compiled(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    mofile.write_mo(file, catalogue)
    return file.getvalue()


def main() -> None:
    wanted = Catalog()
    for key, places in of_sources().items():
        wanted.add(key, locations=[(path, 0) for path, _ in places])
    for path in po_paths():
        catalogue = read(path)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            pofile.write_po(file, catalogue, width=100, include_lineno=False, sort_output=True)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = [message.id for message in catalogue if message.id and not message.string]
        lines = [f"{path.parts[-3]}: {len(catalogue)} texts", *map(repr, missing)]
        sys.stdout.write("\n  not translated: ".join(lines) + "\n")


if __name__ == "__main__":
    main()
