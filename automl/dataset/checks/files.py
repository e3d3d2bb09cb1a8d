"""Files that are left out: unreadable ones, and those the reader passed over."""

from collections.abc import Iterator, Sequence

from automl.dataset import picture_location
from automl.dataset.checks.kind import CheckedData, FindingKind, example
from automl.dataset.readers import LeftOut
from automl.dataset.report import Finding, Severity
from automl.sentences import Sentence, listed, say

ORDER = 0  # what is left out comes before what is said about the rest

UNREADABLE = FindingKind("unreadable", Severity.WARNING)
STRAYS = FindingKind("strays", Severity.WARNING)
UNLABELLED = FindingKind("unlabelled", Severity.WARNING)
SEVERAL_LABELS = FindingKind("several_labels", Severity.WARNING, remedy="choose_other_task")
LINKS = FindingKind("links", Severity.WARNING)
UNNAMEABLE = FindingKind("unnameable", Severity.WARNING)
UNUSED_TABLE = FindingKind("unused_table", Severity.WARNING)
UNREAD = FindingKind("unread_files", Severity.WARNING)
COPIES = FindingKind("repeated_folder", Severity.INFO)
EMPTY_FOLDERS = FindingKind("empty_folders", Severity.INFO)
OTHER_FILES = FindingKind("other_files", Severity.INFO)


def check(data: CheckedData) -> Iterator[Finding]:
    """Findings about files that cannot be read, and about what the readers passed over."""
    yield from _unreadable(data)
    left_out = data.left_out
    yield from _passed_over(left_out)
    if left_out.several_labels:
        yield _several_labels(left_out.several_labels)
    if left_out.unused:
        said = say("Labels may be in a file that is not used.")
        yield UNUSED_TABLE.finding([], said, *left_out.unused, count=len(left_out.unused))
    if left_out.unread:
        said = say("There may be pictures in files that are not read.")
        yield UNREAD.finding([], said, *left_out.unread, count=len(left_out.unread))
    if left_out.num_other_files:
        said = say(
            "Left out: {count} file not named like a picture.",
            "Left out: {count} files not named like a picture.",
            count=left_out.num_other_files,
        )
        yield OTHER_FILES.finding([], said, count=left_out.num_other_files)


def _passed_over(left_out: LeftOut) -> Iterator[Finding]:
    if paths := left_out.strays:
        said = say(
            "Left out: {count} picture outside of the class folders, {file}. Move it into one.",
            "Left out: {count} pictures outside of the class folders, for example {file}. "
            "Move them into one.",
            **_counted(paths),
        )
        yield STRAYS.finding(paths, said)
    if paths := left_out.unlabelled:
        said = say(
            "Left out: {count} row without a label, {file}. Label it, or remove it.",
            "Left out: {count} rows without a label, for example {file}. "
            "Label them, or remove them.",
            **_counted(paths),
        )
        yield UNLABELLED.finding(paths, said)
    if paths := left_out.links:
        said = say(
            "Left out: {count} link that leads elsewhere, {file}. Copy the picture instead.",
            "Left out: {count} links that lead elsewhere, for example {file}. "
            "Copy the pictures instead.",
            **_counted(paths),
        )
        yield LINKS.finding(paths, said)
    if paths := left_out.unnameable:
        said = say(
            "Left out: {count} file with a name that is not text, {file}. Rename it.",
            "Left out: {count} files with names that are not text, for example {file}. "
            "Rename them.",
            **_counted(paths),
        )
        yield UNNAMEABLE.finding(paths, said)
    if paths := left_out.copies:
        said = say(
            "Left out: {count} folder that repeats the pictures beside it, {file}. "
            "Nothing is lost.",
            "Left out: {count} folders that repeat the pictures beside them, for example {file}. "
            "Nothing is lost.",
            **_counted(paths),
        )
        yield COPIES.finding(paths, said)
    if paths := left_out.empty_folders:
        said = say(
            "Left out: {count} folder without pictures, {file}. Add some.",
            "Left out: {count} folders without pictures, for example {file}. Add some.",
            **_counted(paths),
        )
        yield EMPTY_FOLDERS.finding(paths, said)


def _counted(paths: Sequence[str]) -> dict[str, int | str]:
    return {"count": len(paths), "file": example(paths)}


def _several_labels(rows: Sequence[tuple[str, str]]) -> Finding:
    examples = "; ".join(f"{picture_location.name(path)} ({labels})" for path, labels in rows[:3])
    return SEVERAL_LABELS.finding(
        [path for path, _ in rows],
        say(
            "Left out: {count} picture with several labels, such as {examples}.",
            "Left out: {count} pictures with several labels, such as {examples}.",
            count=len(rows),
            examples=examples,
        ),
        say(
            "Here each picture has one: set task: image_classification_multilabel, keep the label "
            "that matters, or make one label of the combination."
        ),
    )


def _unreadable(data: CheckedData) -> Iterator[Finding]:
    samples = data.samples
    bad = samples[samples["problem"].notna()]
    if bad.empty:
        return
    first = zip(bad["path"].head(3), bad["problem"].head(3), strict=True)
    examples = [
        say(
            "{name} ({problem})",
            name=picture_location.name(path),
            problem=Sentence(text=problem.rstrip(".")),
        )
        for path, problem in first
    ]
    yield UNREADABLE.finding(
        bad["path"],
        say(
            "{count} of {total} pictures cannot be read and is left out: {examples}.",
            "{count} of {total} pictures cannot be read and are left out, for example {examples}.",
            count=len(bad),
            total=len(samples),
            examples=listed(examples),
        ),
        say("Replace or remove them."),
    )
