"""Pictures of the reports' answers, and the page that shows them with their numbers.

One file for each kind of picture. Draws what an answer holds and computes no number of its own.
"""

from motfunnel.figures.drawing import draw, kinds
from motfunnel.figures.page import Section, page, place_script, plotly_script, write_whole

__all__ = ["Section", "draw", "kinds", "page", "place_script", "plotly_script", "write_whole"]
