"""`python -m automl` is the same as `automl`."""

from automl.cli import main

main()
