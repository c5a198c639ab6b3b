"""Charts: pictures as scenes, plain marks in the units of their axes, and two printers of them.

Takes names, numbers and their ends, and knows no report. One file for each kind of chart; one for
SVG, and one for plotly.
"""

from motfunnel.charts.scene import Frame, Picture
from motfunnel.charts.svg import style, to_svg

__all__ = ["Frame", "Picture", "style", "to_svg"]
