"""Files that are left out: unreadable ones, and those the reader passed over."""

from collections.abc import Iterator, Sequence

from automl.dataset import picture_location
from automl.dataset.checks.kind import CheckedData, FindingKind, counted, example, is_or_are
from automl.dataset.report import Finding, Severity

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
    for kind, paths, noun, where, advice in (
        (STRAYS, left_out.strays, "picture", "outside of the class folders", "Move {} into one"),
        (UNLABELLED, left_out.unlabelled, "row", "without a label", "Label {0}, or remove {0}"),
        (LINKS, left_out.links, "link", "that leads elsewhere", "Copy the pictures instead"),
        (UNNAMEABLE, left_out.unnameable, "file", "with a name that is not text", "Rename {}"),
        (
            COPIES,
            left_out.copies,
            "folder",
            "that repeats the pictures beside it",
            "Nothing is lost",
        ),
        (EMPTY_FOLDERS, left_out.empty_folders, "folder", "without pictures", "Add some"),
    ):
        if paths:
            example_name = example(paths, len(paths))
            said = advice.format("it" if len(paths) == 1 else "them")
            message = f"Left out: {counted(len(paths), noun)} {where}{example_name}. {said}."
            yield kind.finding(paths, message)
    if left_out.several_labels:
        yield _several_labels(left_out.several_labels)
    if left_out.unused:
        message = f"Labels may be in a file that is not used. {' '.join(left_out.unused)}"
        yield UNUSED_TABLE.finding([], message, count=len(left_out.unused))
    if left_out.unread:
        message = f"There may be pictures in files that are not read. {' '.join(left_out.unread)}"
        yield UNREAD.finding([], message, count=len(left_out.unread))
    if left_out.num_other_files:
        message = f"Left out: {counted(left_out.num_other_files, 'file')} not named like a picture."
        yield OTHER_FILES.finding([], message, count=left_out.num_other_files)


def _several_labels(rows: Sequence[tuple[str, str]]) -> Finding:
    examples = "; ".join(f"{picture_location.name(path)} ({labels})" for path, labels in rows[:3])
    return SEVERAL_LABELS.finding(
        [path for path, _ in rows],
        f"Left out: {counted(len(rows), 'picture')} with several labels, such as {examples}. Here "
        "each picture has one: set task: image_classification_multilabel, keep the label that "
        "matters, or make one label of the combination.",
    )


def _unreadable(data: CheckedData) -> Iterator[Finding]:
    samples = data.samples
    bad = samples[samples["problem"].notna()]
    if bad.empty:
        return
    first = zip(bad["path"].head(3), bad["problem"].head(3), strict=True)
    examples = [f"{picture_location.name(path)} ({problem.rstrip('.')})" for path, problem in first]
    yield UNREADABLE.finding(
        bad["path"],
        f"{len(bad)} of {counted(len(samples), 'picture')} cannot be read and "
        f"{is_or_are(len(bad))} left out, for example {', '.join(examples)}. "
        "Replace or remove them.",
    )
