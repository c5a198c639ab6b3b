"""Counting moments as of an instant, of each contact by kind; the database counts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from motfunnel.domain.moment import MomentKind
from motfunnel.store.extent import Bounds, Extent, between
from motfunnel.store.story import moments_as_of

_AT_ONCE = 5000
_NEEDED = ("contact", "moment", "occurred_at")


def count_moments(extent: Extent, period: Bounds) -> Iterator[tuple[str, MomentKind, int]]:
    """Count the moments of a period, of each contact by kind, with the silences that fell due."""
    # Of wide rows MariaDB makes a table on disk before it counts.
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of, _NEEDED).c
    counted = select(story.contact, story.moment, func.count().label("moments"))
    counted = counted.where(*between(story.occurred_at, period))
    wanted = extent.within(counted, story.contact).group_by(story.contact, story.moment)
    with extent.connection.execute(wanted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in result:
            yield row.contact, MomentKind(row.moment), row.moments
