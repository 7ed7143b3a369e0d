"""Sphinx: `sphinx-build -W docs docs/_build`."""

import runpy
from pathlib import Path

import emopipe

project = "emopipe"
author = "the emopipe developers"
version = release = emopipe.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_build"]
runpy.run_path(str(Path(__file__).with_name("make_api.py")))  # the table of names decides
html_theme = "alabaster"
html_theme_options = {"description": "audio-visual emotion recognition in scikit-learn"}
autodoc_typehints = "none"
numpydoc_show_class_members = False
myst_heading_anchors = 3
