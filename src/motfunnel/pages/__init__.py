"""Pages: answers as HTML, each definition beside its numbers and its figure."""

from motfunnel.pages.page import Section, page, place_script, plotly_script, write_whole

__all__ = ["Section", "page", "place_script", "plotly_script", "write_whole"]
