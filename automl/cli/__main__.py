"""`python -m automl.cli` is the same as `automl`."""

from automl.cli import main

main()
