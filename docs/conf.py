"""How Sphinx builds the documents: Markdown pages, and a reference read from the docstrings."""

from importlib.metadata import version as installed_version

project = "motfunnel"
author = "motfunnel contributors"
project_copyright = "motfunnel contributors"
version = release = installed_version("motfunnel")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
suppress_warnings = ["epub.unknown_project_files"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"motfunnel {release}"
