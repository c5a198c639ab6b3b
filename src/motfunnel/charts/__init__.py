"""Charts: the marks of a picture as plain data, and the drawing of it.

Takes names, numbers and their ends, and knows no report. One file for each kind of chart.
"""

from motfunnel.charts.picture import Picture, draw

__all__ = ["Picture", "draw"]
