"""Reading the latest moments of some contacts as of an instant."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from sqlalchemy import select

from motfunnel.domain.moment import Moment
from motfunnel.store.chunks import chunks
from motfunnel.store.extent import Extent
from motfunnel.store.rows import moment_of
from motfunnel.store.story import moments_as_of

_AT_ONCE = 1000


def read_latest_moments(
    extent: Extent, contacts: Collection[str], most: int
) -> dict[str, list[Moment]]:
    """Read so many of the latest moments of each of some contacts, each contact's in order."""
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of)
    found: dict[str, deque[Moment]] = {}
    for some in chunks(contacts):
        mine = select(story).where(story.c.contact.in_(some))
        ordered = mine.order_by(story.c.contact, story.c.ordinal)
        with extent.connection.execute(
            ordered, execution_options={"yield_per": _AT_ONCE}
        ) as result:
            for moment in map(moment_of, result):
                found.setdefault(moment.contact, deque(maxlen=most)).append(moment)
    return {contact: list(moments) for contact, moments in found.items()}
