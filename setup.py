"""The packages of the wheel: `automl`, and the app, whose files lie at the top of the checkout."""

from setuptools import find_packages, setup

# app.py and pages/ are where people look for them; in a wheel they need a folder of their own,
# in which automl/host/app_files.py finds them
setup(
    script_name="setup.py",  # otherwise it becomes a module of `automl_app`
    packages=[*find_packages(include=["automl*"]), "automl_app", "automl_app.pages"],
    package_dir={"automl_app": ".", "automl_app.pages": "pages"},
)
