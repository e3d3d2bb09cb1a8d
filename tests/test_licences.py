import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_package_that_is_pinned_to_run_is_listed_with_its_licence():
    rows = (ROOT / "docs" / "licences.md").read_text("utf-8").splitlines()
    listed = {row.split("|")[1].strip(): row.split("|")[3].strip() for row in rows if "|" in row}
    pins = (ROOT / "requirements.txt").read_text("utf-8")
    pinned = set(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==", pins, re.MULTILINE))
    assert len(pinned) > 50
    assert pinned - set(listed) == set()
    assert all(listed.values())
    assert not [name for name, licence in listed.items() if re.search(r"(?<!L)\bA?GPL", licence)]
