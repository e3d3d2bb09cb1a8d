"""`python -m automl.ui.server SCRIPT [OPTIONS]`: `streamlit run` with slow modules loaded early.

Streamlit imports the app only when the first visitor opens a page.
"""

import gc
import sys

from streamlit.web import cli

from automl.ui import preload

if __name__ == "__main__":
    # with Python's default threshold of 700 objects the garbage collector runs so often that
    # reading or drawing 1,000 trials takes twice as long
    gc.set_threshold(50_000)
    preload.start()
    cli.main(["run", *sys.argv[1:]], prog_name="streamlit")
