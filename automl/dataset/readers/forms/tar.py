"""A tar file of a folder in any form, also compressed with gzip, bzip2 or xz."""

from automl.dataset.archive_members import SUFFIXES
from automl.dataset.readers.form import Archive

FORM = Archive(suffixes=SUFFIXES["tar"], kind="tar")
