"""Pages by their earlier name; pictures of answers are drawn by ``Answer.figure``."""

from motfunnel.pages import Section, page, place_script, plotly_script, write_whole

__all__ = ["Section", "page", "place_script", "plotly_script", "write_whole"]
