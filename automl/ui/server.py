"""`python -m automl.ui.server SCRIPT [OPTIONS]`: `streamlit run`, ready for the first visitor.

Streamlit runs the app when somebody asks for a page, and imports nothing of it before.
"""

import gc
import sys

from streamlit.web import cli

from automl.ui import preload

if __name__ == "__main__":
    # at Python's own threshold of 700 objects the collector runs so often that reading or drawing
    # 1,000 trials takes twice as long
    gc.set_threshold(50_000)
    preload.start()
    cli.main(["run", *sys.argv[1:]], prog_name="streamlit")
