"""The funnel's definition: its stages, rules, conditions and touchpoints, and its file.

Says what an event means. Knows nothing of contacts or of what became of them.
"""

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.funnel.touchpoint import Touchpoint

__all__ = ["Funnel", "Rule", "Touchpoint"]
