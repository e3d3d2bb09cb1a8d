import subprocess
import sys


def test_the_data_path_needs_no_training_library():
    program = (
        "import sys, automl.dataset.manifest, automl.dataset.pixels, automl.dataset.sample;"
        "heavy = {'torch', 'timm', 'ray', 'streamlit', 'sklearn', 'scipy'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
