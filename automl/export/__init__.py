"""A trained trial as an artefact that others can use."""
