"""Answers: the value of every report, and the formats in which it is handed on.

Holds what was counted, with its definition and the names behind it. Asks and counts nothing.
"""

from motfunnel.answers.answer import Answer, Grouped, GroupedRow, Row, kinds, picture
from motfunnel.answers.cells import Kind, cell

__all__ = ["Answer", "Grouped", "GroupedRow", "Kind", "Row", "cell", "kinds", "picture"]
