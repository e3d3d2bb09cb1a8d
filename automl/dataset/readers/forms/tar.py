"""A tar file of a folder in any form, also compressed with gzip, bzip2 or xz."""

from automl.dataset.readers.form import Archive

FORM = Archive(
    suffixes=(".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz"),
    kind="tar",
)
