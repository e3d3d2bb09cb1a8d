"""`python -m automl.ui.server SCRIPT [OPTIONS]`: `streamlit run`, ready for the first visitor.

Streamlit runs the app when somebody asks for a page, and imports nothing of it before.
"""

import sys

from streamlit.web import cli

from automl.ui import preload

if __name__ == "__main__":
    preload.start()
    cli.main(["run", *sys.argv[1:]], prog_name="streamlit")
