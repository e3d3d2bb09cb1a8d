"""A zip file of a folder in any form."""

from automl.dataset.readers.form import Archive

FORM = Archive(suffixes=(".zip",), kind="zip")
