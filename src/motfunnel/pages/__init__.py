"""Pages: answers as HTML, each definition beside its numbers and its figure.

Asks nothing and computes no number. All that strangers wrote is escaped.
"""

from motfunnel.pages.page import Section, page, write_whole

__all__ = ["Section", "page", "write_whole"]
