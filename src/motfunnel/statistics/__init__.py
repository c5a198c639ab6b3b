"""The statistics: proportions, curves of return and comparisons, each with its interval.

Pure: the standard library and attrs only, counts in, values out. Re-exports, defines nothing.
"""

from motfunnel.statistics.aalen_johansen import CompetingRisks
from motfunnel.statistics.change import Change
from motfunnel.statistics.curve import Chance, Curve
from motfunnel.statistics.interval import Z95, Interval, critical_value, log_log_interval
from motfunnel.statistics.kaplan_meier import MedianInterval, RestrictedMean, Step, SurvivalCurve
from motfunnel.statistics.kaplan_meier_clustered import ClusteredCurve
from motfunnel.statistics.log_rank import (
    LogRank,
    goodness_of_fit,
    holm,
    log_rank,
    log_rank_of_risk_sets,
)
from motfunnel.statistics.net_promoter import NetPromoterScore
from motfunnel.statistics.proportion import (
    Difference,
    Proportion,
    always_valid,
    difference,
    hybrid,
    power_of,
    sizes_for,
    smallest_effect,
)
from motfunnel.statistics.ratio import ClusteredShare, Mean, Ratio
from motfunnel.statistics.risk_table import RiskTable
from motfunnel.statistics.variance import Sample, intraclass_correlation, mean_range

__all__ = [
    "Z95",
    "Chance",
    "Change",
    "ClusteredCurve",
    "ClusteredShare",
    "CompetingRisks",
    "Curve",
    "Difference",
    "Interval",
    "LogRank",
    "Mean",
    "MedianInterval",
    "NetPromoterScore",
    "Proportion",
    "Ratio",
    "RestrictedMean",
    "RiskTable",
    "Sample",
    "Step",
    "SurvivalCurve",
    "always_valid",
    "critical_value",
    "difference",
    "goodness_of_fit",
    "holm",
    "hybrid",
    "intraclass_correlation",
    "log_log_interval",
    "log_rank",
    "log_rank_of_risk_sets",
    "mean_range",
    "power_of",
    "sizes_for",
    "smallest_effect",
]
