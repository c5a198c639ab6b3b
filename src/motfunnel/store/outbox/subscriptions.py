"""Subscriptions, and the messages that wait for each: claimed, deleted, put off, set aside.

A message is claimed with all that wait behind it of its contact, and only by whoever claims the
first: two relays never turn one contact's order round. There is no cursor: a message that was
committed late waits like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, TypeAlias

from attrs import frozen
from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from motfunnel.domain.event import to_json
from motfunnel.domain.instant import iso
from motfunnel.domain.scrubber import Scrubber
from motfunnel.store.ledger.erasure import naming
from motfunnel.store.ledger.statements import statements
from motfunnel.store.schema.dialects import can_skip, chunks
from motfunnel.store.schema.tables import Tables
from motfunnel.text import brief, counted

STALLED: Final = timedelta(hours=1)
"""For longer no message is to wait that nobody tries."""
_AT_ONCE: Final = 200
Place: TypeAlias = tuple[str, int]
"""Of a message: its contact, and its ordinal."""


@frozen(kw_only=True)
class Wanted:
    """What a subscription asks for; None: all of them.

    Attributes:
        kinds: the kinds of moments.
        stages: the stages that a contact is at once the moment is established; what is revoked is
            asked for at all of them.
        reasons: the reasons of departures.
        erasures: whether it is told of erasures, too.
    """

    kinds: tuple[str, ...] | None = None
    stages: tuple[str, ...] | None = None
    reasons: tuple[str, ...] | None = None
    erasures: bool = False

    def takes(self, kind: str, stage: str, reason: str | None) -> bool:
        """Whether it asks for a moment that is established."""
        given = ((self.kinds, kind), (self.stages, stage), (self.reasons, reason))
        return all(wanted is None or value in wanted for wanted, value in given)


@frozen(kw_only=True)
class Waiting:
    """What waits for a subscription.

    Attributes:
        subscription: its name.
        waiting: how many messages have not been delivered yet.
        failed: how many of these are set aside, since they were tried too often.
        since: when the oldest of them was put down; None where none waits.
        retried: how many of them were tried in vain, and will be again.
        taken: how many of them a relay is delivering.
        lag: for how long the oldest waits that nobody has tried, and that is not behind one that
            was tried in vain; zero where there is none.
    """

    subscription: str
    waiting: int
    failed: int
    since: datetime | None
    retried: int = 0
    taken: int = 0
    lag: timedelta = timedelta()

    @property
    def troubles(self) -> tuple[str, ...]:
        """In words, what somebody has to see to; empty where all goes its way."""
        said = []
        if self.failed:
            one = counted(self.failed, "message")
            said.append(
                f"{one} set aside after too many attempts, and what is behind of the same contacts "
                f"waits (motfunnel relay {self.subscription} --failed says why)"
            )
        if self.lag >= STALLED and not self.taken:
            said.append(f"no relay has come for {_whole(self.lag)}")
        elif self.lag >= STALLED:
            said.append(f"the relay is {_whole(self.lag)} behind")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON; durations in seconds."""
        since = None if self.since is None else iso(self.since)
        return {
            "subscription": self.subscription,
            "waiting": self.waiting,
            "failed": self.failed,
            "since": since,
            "retried": self.retried,
            "taken": self.taken,
            "lag": self.lag.total_seconds(),
        }

    def __repr__(self) -> str:
        """On one line, without what is None."""
        return brief(self)

    def __str__(self) -> str:
        """One line."""
        said = f"{self.subscription}: {counted(self.waiting, 'message')} waiting"
        if self.since is not None:
            said += f", the oldest since {self.since:%Y-%m-%d %H:%M:%S}"
        said += f", {self.retried:,} to be tried again" if self.retried else ""
        return "; ".join((said, *self.troubles))


class Subscriptions:
    """The subscriptions of a tenant, on one connection."""

    def __init__(self, connection: Connection, tables: Tables, tenant: str) -> None:
        self.connection = connection
        self.tables = tables
        self.tenant = tenant

    def put(self, name: str, wanted: Wanted, now: datetime, *, filled: str | None) -> None:
        """Write a subscription down; one that is there asks for this from now on.

        Args:
            name: what it is called.
            wanted: what it asks for.
            now: since when.
            filled: of a new one, up to which contact earlier moments have been put down; None:
                none will be.
        """
        values = {
            "kinds": _array(wanted.kinds),
            "stages": _array(wanted.stages),
            "reasons": _array(wanted.reasons),
            "erasures": wanted.erasures,
        }
        row = {"tenant": self.tenant, "name": name, "filled": filled, "subscribed_at": now}
        keep = statements(self.tables.schema).keep_subscription
        keep.execute(self.connection, {**row, **values})
        s = self.tables.subscriptions.c
        mine = update(self.tables.subscriptions).where(s.tenant == self.tenant, s.name == name)
        self.connection.execute(mine.values(**values))

    def find(self, name: str) -> tuple[Wanted, str | None] | None:
        """Read what a subscription asks for, and how far it is filled; None if there is none."""
        s = self.tables.subscriptions.c
        mine = select(self.tables.subscriptions).where(s.tenant == self.tenant, s.name == name)
        row = self.connection.execute(mine).one_or_none()
        return None if row is None else (_wanted(row), row.filled)

    def fill(self, name: str, filled: str | None, rows: Sequence[dict[str, Any]]) -> None:
        """Put messages down of contacts that have none yet, and say how far that has come."""
        number: dict[str, int] = {}
        messages = []
        for row in rows:
            number[row["contact"]] = ordinal = number.get(row["contact"], 0) + 1
            kept = {key: row[key] for key in ("contact", "id", "type", "body", "recorded_at")}
            given = {"subscription": name, "ordinal": ordinal, "due_at": row["recorded_at"]}
            messages.append({"tenant": self.tenant, "attempts": 0, **kept, **given})
        if messages:
            self.connection.execute(insert(self.tables.messages), messages)
        s = self.tables.subscriptions.c
        mine = update(self.tables.subscriptions).where(s.tenant == self.tenant, s.name == name)
        self.connection.execute(mine.values(filled=filled))

    def drop(self, name: str) -> bool:
        """Delete a subscription with all that waits for it; whether there was one."""
        s, m = self.tables.subscriptions.c, self.tables.messages.c
        mine = delete(self.tables.subscriptions).where(s.tenant == self.tenant, s.name == name)
        gone = self.connection.execute(mine).rowcount
        theirs = (m.tenant == self.tenant, m.subscription == name)
        self.connection.execute(delete(self.tables.messages).where(*theirs))
        return bool(gone)

    def names(self) -> list[str]:
        """The names of all."""
        s = self.tables.subscriptions.c
        mine = select(s.name).where(s.tenant == self.tenant).order_by(s.name)
        return [*self.connection.scalars(mine)]

    def waiting(self, now: datetime) -> list[Waiting]:
        """Count what waits for each, by name."""
        s, m = self.tables.subscriptions.c, self.tables.messages.c
        of_it = (m.tenant == s.tenant) & (m.subscription == s.name)
        is_retried = and_(m.attempts > 0, m.failed_at.is_(None))
        counts = (
            select(
                s.name,
                func.count(m.id),
                func.count(m.failed_at),
                func.min(m.recorded_at),
                func.count(case((is_retried, m.id))),
                func.count(case((and_(m.claim.is_not(None), m.due_at > now), m.id))),
            )
            .select_from(self.tables.subscriptions.outerjoin(self.tables.messages, of_it))
            .where(s.tenant == self.tenant)
            .group_by(s.name)
            .order_by(s.name)
        )
        rows = self.connection.execute(counts).all()
        return [
            Waiting(
                subscription=name,
                waiting=waiting,
                failed=failed,
                since=since,
                retried=retried,
                taken=taken,
                lag=self._lag(name, since, now, is_held_up=bool(failed or retried)),
            )
            for name, waiting, failed, since, retried, taken in rows
        ]

    def _lag(
        self, name: str, since: datetime | None, now: datetime, *, is_held_up: bool
    ) -> timedelta:
        """For how long the oldest waits that none before it holds up."""
        if is_held_up:
            m, tried = self.tables.messages.c, self.tables.messages.alias("tried").c
            where = (tried.tenant == self.tenant, tried.subscription == name, tried.attempts > 0)
            free = self._of(name, m.contact.not_in(select(tried.contact).where(*where)))
            since = self.connection.scalar(select(func.min(m.recorded_at)).where(free))
        return timedelta() if since is None else max(timedelta(), now - since)

    def claim(
        self, name: str, most: int, now: datetime, until: datetime, claim: str
    ) -> list[Row[Any]]:
        """Take the messages that are due, and keep others from them until an instant.

        Each contact's are taken from its first on, or none of them. What others are just taking is
        left to them, where the database can do so.
        """
        heads = self._lock_heads(name, most, now)
        if not heads:
            return []
        share = max(1, most // len(heads))
        rows: list[Row[Any]] = []
        for some in chunks({*heads}, _AT_ONCE):
            rows += self._behind(name, {contact: heads[contact] + share for contact in some})
        taken = []
        for contact, theirs in groupby(rows, lambda row: row.contact):
            each = [*theirs]
            # A message that was first when the look began may not be so any more.
            taken += each if each[0].ordinal == heads[contact] else []
        claimed = update(self.tables.messages).values(due_at=until, claim=claim)
        self._at_each(claimed, name, None, [(row.contact, row.ordinal) for row in taken])
        return taken

    def _lock_heads(self, name: str, most: int, now: datetime) -> dict[str, int]:
        m, before = self.tables.messages.c, self.tables.messages.alias("before").c
        theirs = (
            before.tenant == m.tenant,
            before.contact == m.contact,
            before.subscription == m.subscription,
        )
        # The least is found by the key of the table, also where nothing is known of its sizes yet.
        first = select(func.min(before.ordinal)).where(*theirs)
        due = (
            select(m.contact, m.ordinal)
            .where(self._of(name, m.due_at <= now, m.failed_at.is_(None)))
            .where(m.ordinal == first.correlate(self.tables.messages).scalar_subquery())
            .order_by(m.due_at)
            .limit(most)
        )
        dialect = self.connection.dialect
        if dialect.name != "sqlite":  # its one lock is held already
            due = due.with_for_update(skip_locked=can_skip(dialect))
        return {row.contact: row.ordinal for row in self.connection.execute(due)}

    def _behind(self, name: str, ends: Mapping[str, int]) -> list[Row[Any]]:
        """Read contacts' messages, each contact's up to a number, in their order."""
        m = self.tables.messages.c
        # By the key of the table; a condition for each contact would look through all that wait.
        theirs = self._of(name, m.contact.in_([*ends]), m.ordinal < max(ends.values()))
        mine = select(self.tables.messages).where(theirs).order_by(m.contact, m.ordinal)
        return [row for row in self.connection.execute(mine) if row.ordinal < ends[row.contact]]

    def _at_each(self, statement: Any, name: str, claim: str | None, rows: Iterable[Place]) -> None:
        """Run a statement for each of some messages, which are claimed so, or by nobody yet."""
        m = self.tables.messages.c
        mine = self._of(
            name, m.contact == bindparam("of_contact"), m.ordinal == bindparam("of_ordinal")
        )
        places = [{"of_contact": contact, "of_ordinal": ordinal} for contact, ordinal in rows]
        if places:
            claimed = true() if claim is None else m.claim == claim
            self.connection.execute(statement.where(mine, claimed), places)

    def _of(self, name: str, *more: Any) -> Any:
        m = self.tables.messages.c
        return and_(m.tenant == self.tenant, m.subscription == name, *more)

    def delete(self, name: str, claim: str, places: Iterable[Place]) -> None:
        """Delete messages that were delivered, if they are still claimed so."""
        self._at_each(delete(self.tables.messages), name, claim, places)

    def release(self, name: str, claim: str, places: Iterable[Place]) -> None:
        """Let others have messages that are still claimed so, at their old place."""
        messages = self.tables.messages
        released = update(messages).values(due_at=messages.c.recorded_at, claim=None)
        self._at_each(released, name, claim, places)

    def hold_back(self, name: str, place: Place, due_at: datetime) -> None:
        """Have what is behind a message that was put off be looked at no sooner than that.

        Whoever looks for what is due would pass over all of it each time.
        """
        m = self.tables.messages.c
        behind = self._of(name, m.contact == place[0], m.ordinal > place[1], m.due_at < due_at)
        self.connection.execute(update(self.tables.messages).where(behind).values(due_at=due_at))

    def put_off(
        self,
        name: str,
        claim: str,
        place: Place,
        due_at: datetime,
        *,
        attempts: int,
        error: str,
        failed_at: datetime | None,
    ) -> None:
        """Note that a message could not be delivered, and when it is to be tried again, if ever."""
        values = {"attempts": attempts, "due_at": due_at, "error": error, "failed_at": failed_at}
        put_off = update(self.tables.messages).values(claim=None, **values)
        self._at_each(put_off, name, claim, [place])

    def failed(self, name: str) -> Sequence[Row[Any]]:
        """Read the messages that are set aside, those first that were so first."""
        m = self.tables.messages.c
        mine = select(self.tables.messages).where(self._of(name, m.failed_at.is_not(None)))
        return self.connection.execute(mine.order_by(m.failed_at, m.contact)).all()

    def retry(self, name: str, now: datetime) -> int:
        """Have the messages that are set aside tried again; how many they are."""
        m = self.tables.messages.c
        mine = update(self.tables.messages).where(self._of(name, m.failed_at.is_not(None)))
        again = mine.values(failed_at=None, attempts=0, due_at=now, claim=None)
        return self.connection.execute(again).rowcount

    def drop_failed(self, name: str) -> int:
        """Delete the messages that are set aside; how many they were."""
        m = self.tables.messages.c
        mine = delete(self.tables.messages).where(self._of(name, m.failed_at.is_not(None)))
        return self.connection.execute(mine).rowcount


def scrub_messages(connection: Connection, tables: Tables, tenant: str, scrubber: Scrubber) -> None:
    """Take the keys of erased contacts out of the messages that wait of others."""
    m = tables.messages.c
    # Where a text is turned into a key, any text may be one.
    keys = [*scrubber.tokens] if scrubber.key_of is None else None
    for row in naming(connection, tables.messages, tenant, keys, m.body, m.error):
        body = json.loads(row.body)
        error = None if row.error is None else scrubber.clean(row.error)
        if (cleaned := scrubber.clean(body)) != body or error != row.error:
            mine = and_(m.tenant == tenant, m.contact == row.contact, m.ordinal == row.ordinal)
            anew = update(tables.messages).where(mine, m.subscription == row.subscription)
            connection.execute(anew.values(body=to_json(cleaned), error=error))


def post_erasure(
    connection: Connection, tables: Tables, tenant: str, contact: str, row: Mapping[str, Any]
) -> None:
    """Put down for subscriptions that ask for it that somebody was erased: the key, no more."""
    s, m = tables.subscriptions.c, tables.messages
    asking = select(s.name).where(s.tenant == tenant, s.erasures)
    rows = [
        {"tenant": tenant, "contact": contact, "subscription": name, "ordinal": 1, **row}
        for name in connection.scalars(asking)
    ]
    if rows:
        connection.execute(insert(m), rows)


def _whole(duration: timedelta) -> str:
    """A duration in its two largest units, as ``3 h 20 min``."""
    minutes = int(duration.total_seconds()) // 60
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min"


def _array(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else to_json(values)


def _wanted(row: Row[Any]) -> Wanted:
    return Wanted(
        kinds=_values(row.kinds),
        stages=_values(row.stages),
        reasons=_values(row.reasons),
        erasures=bool(row.erasures),
    )


def _values(array: str | None) -> tuple[str, ...] | None:
    return None if array is None else tuple(json.loads(array))
