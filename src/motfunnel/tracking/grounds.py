"""The lines of the funnel that a moment rests on, as they stand in a funnel file."""

from __future__ import annotations

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.file import line, rule_text
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.instant import format_duration
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import Signal


def ground_of(moment: Moment, event: Event | None, stage: str, funnel: Funnel) -> str:
    """Quote the rule of the moment's event with the threshold that it passed, or the patience.

    Args:
        moment: the moment.
        event: what made it; None for a silence.
        stage: where the contact was before it.
        funnel: by which it was made.
    """
    if event is None:
        return _patience(stage, funnel)
    rule = funnel.rule_of(event.name, event.properties)
    said = line("unmapped", funnel.unmapped) if rule is None else rule_text(event.name, rule)
    return ", ".join([said, *_thresholds(moment.kind, rule, funnel)])


def _thresholds(kind: MomentKind, rule: Rule | None, funnel: Funnel) -> list[str]:
    if kind is MomentKind.LOYALIST:
        apart = line("loyal_apart", format_duration(funnel.loyal_apart))
        return [line("loyal_after", funnel.loyal_after), *([apart] if funnel.loyal_apart else [])]
    if kind is MomentKind.APOSTLE and rule is not None and rule.signal is Signal.REFER:
        return [line("apostle_after_referrals", funnel.apostle_after_referrals)]
    return []


def _patience(stage: str, funnel: Funnel) -> str:
    key = stage if stage in funnel.patience else "default"
    patience = funnel.patience_of(stage)
    waited = False if patience is None else format_duration(patience)
    return f"[patience] {line(key, waited)}"
