"""How shares are written on pages; what nobody knows yet is a dash."""

from django import template

register = template.Library()


@register.filter
def percent(share):
    """Write a share: 0.125 is 12.5 %."""
    return "–" if share is None else f"{share * 100:.1f} %"


@register.filter
def span(interval):
    """Write an interval of shares."""
    return "–" if interval is None else f"{interval.lower * 100:.0f} – {interval.upper * 100:.0f} %"
