"""
The documentation site, as Sphinx wants it said. tools/docs/build.py lays out the pages and calls Sphinx.
"""

from __future__ import annotations

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "zot-ci"
copyright = "the zot-ci authors, MIT license"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "README"
html_theme = "furo"
html_title = "zot-ci"
html_static_path = ["static"]
html_css_files = ["site.css"]
# A browser does not let a page that is a file read another file: from a file, the search lists pages without excerpts.
_NO_EXCERPTS = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
html_js_files = [(None, {"body": _NO_EXCERPTS})]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
# Anchors as forges make them, so that one link serves both.
myst_heading_anchors = 4
# A link to a name of Python or a term is no link here: only pages, headings and files are.
myst_all_links_external = False
# A quote, a dash or a pair of dots stays what was written: much of it is commands.
smartquotes = False


def setup(app: Sphinx) -> None:
    """
    Leave diagrams to the reader's browser: for Sphinx they are plain text.
    """
    app.add_lexer("mermaid", TextLexer)
