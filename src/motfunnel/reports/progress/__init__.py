"""How far contacts go, how fast, and where they are lost.

Each question has a file of its own name.
"""

from motfunnel.reports.progress.conversion import conversion
from motfunnel.reports.progress.flows import flows
from motfunnel.reports.progress.funnel import funnel
from motfunnel.reports.progress.lens import lens
from motfunnel.reports.progress.loyalty import loyalty
from motfunnel.reports.progress.referrals import referrals

__all__ = ["conversion", "flows", "funnel", "lens", "loyalty", "referrals"]
