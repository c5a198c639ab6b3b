"""How Sphinx builds the documents: Markdown pages, and a reference read from the docstrings."""

from importlib.metadata import version as installed_version
from importlib.util import find_spec
from inspect import get_annotations
from typing import Any

import attrs
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from motfunnel.reports.catalogue import CATALOGUE

MOST_WORDS = 3000  # of a page, as it is read
logger = logging.getLogger(__name__)

project = "motfunnel"
author = "motfunnel contributors"
project_copyright = "motfunnel contributors"
version = release = installed_version("motfunnel")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
if find_spec("sphinx_copybutton"):  # an environment made before it was needed builds without
    extensions.append("sphinx_copybutton")
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
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
html_favicon = "_static/favicon.svg"


def show_signature(
    app: Any, what: str, name: str, obj: Any, _: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None] | None:
    """Show the defaults and the arguments that a class was written with."""
    if what != "class":
        return None
    if attrs.has(obj) and signature:
        for field in attrs.fields(obj):
            shown = "…" if hasattr(field.default, "factory") else repr(field.default)
            for written in (f"attr_dict[{field.name!r}].default", "NOTHING"):
                signature = signature.replace(f" {field.name}={written}", f" {field.name}={shown}")
        return signature, returns
    # Sphinx takes a class's attribute for the argument of the same name.
    app.env.current_document.autodoc_annotations.get(name, {}).update(
        {k: v for k, v in get_annotations(obj.__init__).items() if isinstance(v, str)}
    )
    return None


class Questions(SphinxDirective):
    """Lists the questions of a room of reports, as the catalogue has them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write what autodoc is to read, a method each."""
        room = f"motfunnel.reports.{self.arguments[0]}."
        names = [one.name for one in CATALOGUE.values() if one.function.__module__.startswith(room)]
        lines = [f".. automethod:: motfunnel.reports.report.Report.{name}" for name in names]
        return self.parse_text_to_nodes("\n\n".join(["```{eval-rst}", *lines, "```"]))


def count_words(app: Any, tree: nodes.document, page: str) -> None:
    """Warn of a page that nobody reads to its end."""
    if (words := len(tree.astext().split())) > MOST_WORDS:
        logger.warning("%s has %d words: part it", page, words, location=page)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_directive("questions", Questions)
    app.connect("doctree-resolved", count_words)
    app.connect("autodoc-process-signature", show_signature, priority=600)
