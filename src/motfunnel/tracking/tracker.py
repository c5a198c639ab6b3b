"""The Tracker: what a host holds in its hands.

Each verb opens one short transaction of its own, and tells handlers after the commit. Constructing
one connects to nothing, and it starts no thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.payload import check_text
from motfunnel.store import funnels
from motfunnel.store.database import Database
from motfunnel.store.host import Host, after_commit, host_connection, joined
from motfunnel.store.ledger import Ledger
from motfunnel.store.retrying import persist
from motfunnel.store.tables import TENANT_LENGTH
from motfunnel.tracking.custodian import Custodian
from motfunnel.tracking.interpreter import Interpreter
from motfunnel.tracking.listeners import Handler, Listeners
from motfunnel.tracking.reader import moment_kind
from motfunnel.tracking.rebuild import rebuild_in_chunks
from motfunnel.tracking.recorder import Said, record_all
from motfunnel.tracking.sweep import sweep_some
from motfunnel.tracking.tracked import Tracked

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

TOLERANCE = timedelta(minutes=5)
"""How far ahead of our clock the clock of another machine may be."""


class Tracker(Custodian):
    """Records events, and answers what they mean.

    Args:
        database: a URL, or the host's own Engine, which is used as it is and never closed.
        funnel: the definition; without one, the one that is stored with the data.
        tenant: whose contacts these are; a tracker sees no other tenant's.
        schema: the database schema of the tables.
        contact_key: turns what the host passes as a contact into a text, an int or a UUID.
        clock: says what time it is: for tests, and for replaying a history as if it were now.
    """

    def __init__(
        self,
        database: str | URL | Engine,
        funnel: Funnel | None = None,
        *,
        tenant: str = "default",
        schema: str | None = None,
        contact_key: Callable[[Any], object] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if len(check_text(tenant, "tenant")) > TENANT_LENGTH:
            raise ValueError(f"the tenant has more than {TENANT_LENGTH} characters")
        self.database = Database(database, schema)
        self.tenant = tenant
        self._funnel = funnel
        self.clock = clock
        self.interpreter = Interpreter(contact_key, clock, TOLERANCE, set())
        self._listeners = Listeners()
        self._put: set[bool] = set()

    def track(
        self,
        contact: object,
        event: str,
        *,
        properties: Mapping[str, Any] | None = None,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: Host | None = None,
    ) -> Tracked:
        """Record that something happened; costs one step, or a fold of this contact if late.

        Args:
            contact: a text, an int, a UUID, or what ``contact_key`` can turn into one.
            event: what happened, by the name that the funnel's rules use.
            properties: what else is to be kept, as JSON.
            occurred_at: when it happened, with a time zone; now if not given.
            id: what makes a retry the same event; a new one if not given.
            bind: the host's Session or Connection, whose transaction this becomes part of: the
                event is there if the host commits, and handlers are told after that. The tables
                must be there already.

        Returns:
            What the event established, and what a late one revoked.

        Raises:
            EventError: the event cannot be taken; nothing was written.
            ConflictError: the id is taken by an event with other content.
        """
        said = self.interpreter.take(
            self.funnel,
            contact,
            event,
            properties=properties,
            occurred_at=occurred_at,
            id=id,
        )
        return self._record([said], bind)[0]

    def track_many(
        self, events: Iterable[Mapping[str, Any]], *, bind: Host | None = None
    ) -> list[Tracked]:
        """Record many events in one transaction: all of them, or none.

        Args:
            events: mappings with the names that ``track`` takes: contact, event, and optionally
                properties, occurred_at and id.
            bind: as in ``track``.

        Returns:
            An answer to each, in the order given.
        """
        said = [self.interpreter.take_mapping(self.funnel, event) for event in events]
        return self._record(said, bind)

    def identify(
        self,
        contact: object,
        traits: Mapping[str, Any],
        *,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: Host | None = None,
    ) -> Tracked:
        """Say what is known of a contact from an instant on; changes no moment.

        Reports group by traits. The contact counts as known from now on.
        """
        said = self.interpreter.take_traits(
            self.funnel, contact, traits, occurred_at=occurred_at, id=id
        )
        return self._record([said], bind)[0]

    def on(
        self, kind: MomentKind | str, handler: Handler | None = None
    ) -> Callable[[Handler], Handler]:
        """Have a handler told of every moment of a kind, after the commit, at most once.

        Works as a decorator too. ``track``, ``track_many`` and ``sweep`` tell; a rebuild or an
        import does not.
        """
        told_of = moment_kind(kind)

        def add(wanted: Handler) -> Handler:
            self._listeners.add(told_of, wanted)
            return wanted

        if handler is not None:
            add(handler)
        return add

    def sweep(self, *, as_of: datetime | None = None) -> int:
        """Write down the departures by silence up to an instant, and tell their handlers.

        Costs what has fallen due, by an index; safe to run at any time, twice at once too.

        Returns:
            How many contacts departed.
        """
        funnel, instant, count = self.funnel, self.as_of(as_of), 0
        while (departed := sweep_some(self.database, self.tenant, funnel, instant)) is not None:
            self._listeners.tell(departed)
            count += len(departed)
        return count

    def rebuild(self, *, progress: Callable[[int], object] | None = None) -> int:
        """Fold every contact anew, after the funnel changed; tells no handlers.

        Args:
            progress: is called with the number of contacts folded so far.

        Returns:
            How many contacts were folded.
        """
        return self._rebuild(progress, outdated_only=False)

    def finish(self, *, progress: Callable[[int], object] | None = None) -> int:
        """Fold the contacts that await it, after an import or an interrupted rebuild."""
        return self._rebuild(progress, outdated_only=True)

    def keep_funnel(self) -> None:
        """Store the funnel as the one in use, without saying that events come as they happen."""
        funnel, now = self.funnel, self.clock()
        persist(self.database, lambda on: self._put_funnel(on, funnel, now, tracked=False))
        self._put.add(False)

    def create_tables(self) -> None:
        """Make the tables now; otherwise the first use of the tracker does."""
        self.database.create_tables()

    def _record(self, said: list[Said], bind: Host | None) -> list[Tracked]:
        """Record events in a transaction of our own or the host's, and tell of them after it."""
        if bind is None:
            answers = persist(self.database, lambda connection: self._record_on(connection, said))
            self._committed(answers, said)
        else:
            host = host_connection(bind)
            with joined(host) as connection:
                answers = self._record_on(connection, said)
            after_commit(host, lambda: self._committed(answers, said))
        return answers

    def _record_on(self, connection: Connection, said: list[Said]) -> list[Tracked]:
        now, funnel = self.clock(), self.funnel
        self._put_funnel(connection, funnel, now, tracked=_has_news(said))
        ledger = Ledger(connection, self.database.tables.schema, self.tenant)
        return record_all(ledger, funnel, said, now)

    def _committed(self, answers: list[Tracked], said: list[Said]) -> None:
        self._put.add(_has_news(said))
        self._listeners.tell(moment for tracked in answers for moment in tracked.moments)

    def _put_funnel(
        self, connection: Connection, funnel: Funnel, now: datetime, *, tracked: bool = True
    ) -> None:
        """Store the funnel with the data, until it has once been committed."""
        if tracked not in self._put:
            funnels.put_funnel(
                connection, self.database.tables, self.tenant, funnel, now, tracked=tracked
            )

    def _rebuild(self, progress: Callable[[int], object] | None, *, outdated_only: bool) -> int:
        self.keep_funnel()
        done = 0
        for count in rebuild_in_chunks(
            self.database, self.tenant, self.funnel, outdated_only=outdated_only
        ):
            done += count
            if progress is not None:
                progress(done)
        return done


def _has_news(said: list[Said]) -> bool:
    """Whether something happened: traits may be told of a history that is finished, too."""
    return any(one.event.name != IDENTIFY for one in said)
