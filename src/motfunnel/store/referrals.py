"""Reading who referred whom, as of an instant, each under the key that it belongs to now."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen
from sqlalchemy import select

from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.store.extent import Extent
from motfunnel.store.rows import named_rows, read_moment

_AT_ONCE = 5000


@frozen(kw_only=True)
class Referral:
    """A referral, and whom it led to.

    Attributes:
        moment: the referral.
        referred: the contact that is called by the name it gave; None where it gave none.
    """

    moment: Moment
    referred: str | None


def read_referrals(extent: Extent) -> Iterator[Referral]:
    """Read all referrals up to an instant, contact by contact."""
    m = extent.tables.moments.c
    whom, named = extent.owned(extent.tables.moments, m.referred)
    made = (
        select(extent.tables.moments, whom.label("whom"))
        .select_from(named)
        .where(m.tenant == extent.tenant, m.moment == MomentKind.REFERRAL.value)
        .where(m.occurred_at <= extent.as_of)
        .order_by(m.contact, m.ordinal)
    )
    wanted = extent.within(made, m.contact)
    with extent.connection.execute(wanted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in named_rows(result):
            yield Referral(moment=read_moment(row), referred=row["whom"])
