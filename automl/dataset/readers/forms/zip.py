"""A zip file of a folder in any form."""

from automl.dataset.archive_members import SUFFIXES
from automl.dataset.readers.form import Archive

FORM = Archive(suffixes=SUFFIXES["zip"], kind="zip")
