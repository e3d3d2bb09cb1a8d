"""Extra tests on sets of real pictures, where a checkout has them beside it."""

import json
import tarfile
from pathlib import Path

import pytest

from automl.dataset import manifest
from automl.jobs.data_source import DataSource

SETS = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    def unpack(name: str) -> Path:
        archive = SETS / f"{name}.tar"
        if not archive.is_file():
            pytest.skip(f"{archive.name} is not here")
        target = tmp_path_factory.mktemp(name)
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
        return target / name

    return unpack


# some of the broken files make Pillow warn before it refuses them
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_defect_of_a_messy_set_is_found(unpacked):
    folder = unpacked("messy_waste")
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    status = {entry["path"]: entry["status"] for entry in expected}
    seen = manifest.inspect(DataSource(path=folder))
    findings = {finding.kind: finding for finding in seen.report.findings}

    def found(kind: str) -> set[str]:
        return {str(Path(path).relative_to(folder)) for path in findings[kind].paths}

    def having(*kinds: str) -> set[str]:
        return {path for path, kind in status.items() if kind in kinds}

    assert found("unreadable") == having("corrupt", "bomb", "unsupported")
    assert found("label_conflict") == having("label_conflict")
    assert findings["exact_duplicates"].count == len(having("duplicate"))
    assert having("near_duplicate") < found("near_duplicates")
    assert found("too_small") == {"trash/strip_2000x3.png", "trash/tiny_1x1.png"}
    assert "trash/blank.jpg" in found("flat")
    assert found("strays") == {"stray_in_root.jpg"}
    assert [finding.kind for finding in seen.report.blocking] == ["single_image_class"]
    usable = having("ok", "ok_extreme", "duplicate", "near_duplicate", "label_conflict")
    assert seen.report.num_images == len(usable)

    samples = seen.samples.assign(name=seen.samples["path"].map(lambda path: Path(path).name))
    turned = samples[samples["name"].str.startswith("exif_o")]
    assert turned["near_duplicate_group"].nunique() == 1  # the same photo, turned seven ways
    copies = samples.groupby("content_hash")["split"].nunique()
    assert (copies <= 1).all()


def test_pictures_of_all_orientations_are_described_upright(unpacked):
    samples = manifest.inspect(DataSource(path=unpacked("exif_orientation"))).samples
    sizes = samples.groupby("label")[["width", "height"]].agg(set)
    assert sizes.loc["landscape"].tolist() == [{1800}, {1200}]
    assert sizes.loc["portrait"].tolist() == [{1200}, {1800}]
    assert samples["problem"].isna().all()


@pytest.mark.parametrize(
    "name", [pytest.param("mnist_5k", marks=pytest.mark.nightly), "sign_digits_tiny"]
)
def test_pictures_that_are_only_alike_are_not_reported(unpacked, name):
    report = manifest.inspect(DataSource(path=unpacked(name))).report
    assert {finding.kind for finding in report.findings} <= {"other_files"}
