import subprocess
import sys


def test_the_data_path_needs_no_training_library():
    program = (
        "import sys, automl.dataset.manifest, automl.dataset.pixels, automl.dataset.sample;"
        "sys.exit(bool({'torch', 'timm', 'ray', 'streamlit', 'sklearn'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
