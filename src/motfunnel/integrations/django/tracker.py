"""The Tracker of a Django project: one for each of its databases, on Django's own connection.

Inside ``atomic`` whatever it does is part of that, also what other trackers commit by themselves.
It makes no tables and migrates none; Django does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from asgiref.sync import sync_to_async
from attrs import evolve
from django.db import connections, transaction

from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import Moment
from motfunnel.domain.trial import Arm
from motfunnel.integrations.django.connection import DjangoLender
from motfunnel.integrations.django.contacts import contact_key as by_instance
from motfunnel.integrations.django.contacts import session_contact
from motfunnel.integrations.django.request import with_surroundings
from motfunnel.integrations.django.signals import SIGNALS
from motfunnel.integrations.visitors import Anonymous, Keyed, VisitedTracker
from motfunnel.store.database.lent import LentDatabase
from motfunnel.tracking.profile.identity import Identity
from motfunnel.tracking.recording.call import Call, Tracked
from motfunnel.tracking.recording.habits import taught
from motfunnel.tracking.recording.handlers import Listeners
from motfunnel.tracking.spool.delivery import Delivered

Using = Callable[[str], "Tracker"]


class Tracker(VisitedTracker):
    """Records events, and answers what they mean, on one of a Django project's databases.

    ``motfunnel.tracker()`` gives it. Where ``bind`` is an alias of DATABASES, or one of Django's
    connections, the call goes to the tracker of that database.

    Args:
        alias: the database, as it is called in DATABASES.
        funnel: the definition; without one, the one that is stored with the data.
        contact_key: is asked before a model instance is turned into its key.
        anonymous: what becomes of anonymous visitors.
        listeners: the handlers that all trackers of the project share.
        using: gives the tracker of another database.
        options: as for ``motfunnel.Tracker``.
    """

    anonymous_setting = "MOTFUNNEL['ANONYMOUS']"

    database: LentDatabase

    def __init__(
        self,
        alias: str,
        funnel: Funnel | None = None,
        *,
        contact_key: Keyed | None = None,
        anonymous: Anonymous | None = None,
        listeners: Listeners | None = None,
        using: Using | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            alias,
            funnel,
            contact_key=contact_key,
            framework_key=by_instance,
            session_contact=session_contact,
            anonymous=anonymous,
            **options,
        )
        self.alias = alias
        self._using = using
        self._listeners = Announcer(alias, listeners or Listeners())

    @property
    def funnel(self) -> Funnel:
        """The funnel that was given, or else the one stored with the data."""
        if self._funnel is None and self.database.is_joining:
            with self.database.lender.transaction(to_write=False):  # a failure undoes a savepoint
                return super().funnel
        return super().funnel

    def using(self, alias: str) -> Tracker:
        """The tracker of another database of the project."""
        if alias == self.alias:
            return self
        if self._using is None:
            raise ValueError(f"this tracker knows the database {self.alias!r} alone")
        return self._using(alias)

    @taught
    async def atrack(
        self,
        contact: object,
        event: str,
        *,
        properties: Mapping[str, Any] | None = None,
        occurred_at: datetime | None = None,
        id: object = None,
        bind: Any = None,
    ) -> Tracked:
        """Record that something happened, from an async view; otherwise as ``track``.

        Runs in the thread in which Django's own synchronous code runs, and so in its transaction.
        """
        track = sync_to_async(self.track, thread_sensitive=True)
        tracked: Tracked = await track(
            contact, event, properties=properties, occurred_at=occurred_at, id=id, bind=bind
        )
        return tracked

    @taught
    def merge(
        self, old: object, *, into: object, force: bool = False, bind: Any = None
    ) -> Identity:
        """Say that two keys are one contact, as ``motfunnel.Tracker.merge`` does."""
        alias = _alias(bind)
        if alias is not None:
            return self.using(alias).merge(old, into=into, force=force)
        return super().merge(old, into=into, force=force, bind=bind)

    def unmerge(self, old: object, *, bind: Any = None) -> Identity:
        """Take that back, as ``motfunnel.Tracker.unmerge`` does."""
        alias = _alias(bind)
        if alias is not None:
            return self.using(alias).unmerge(old)
        return super().unmerge(old, bind=bind)

    @taught
    def assign(self, contact: object, *, trial: str, holdout: float, bind: Any = None) -> Arm:
        """Say to which arm of a trial a contact belongs, as ``motfunnel.Tracker.assign`` does."""
        alias = _alias(bind)
        if alias is not None:
            return self.using(alias).assign(contact, trial=trial, holdout=holdout)
        return super().assign(contact, trial=trial, holdout=holdout, bind=bind)

    def deliver(self) -> Delivered:
        """Record what waits in the spool; never inside ``atomic``, which may yet be rolled back.

        Raises:
            TransactionManagementError: it was called there.
        """
        if self.database.is_joining:
            raise transaction.TransactionManagementError(
                "deliver() commits what it takes from the spool; call it outside atomic()"
            )
        return super().deliver()

    def migrate(self) -> tuple[int, int]:
        """Refuse.

        Raises:
            SchemaError: always; it says what migrates the tables.
        """
        self.database.create_tables()
        raise AssertionError("the tables are Django's")

    def forget_put_funnels(self) -> None:
        """Take no stored funnel for granted any more: the tables were emptied."""
        self._put.clear()

    def _say(self, calls: Sequence[Call], bind: object) -> list[Tracked]:
        alias = _alias(bind)
        if alias is not None:
            return self.using(alias)._say(calls, None)
        return super()._say([_surrounded(call) for call in calls], bind)

    def _open(self, database: Any, schema: str | None) -> LentDatabase:
        return _database(database, connections[database].vendor)


class Announcer(Listeners):
    """Tells a project's handlers, and then Django's signals.

    Args:
        alias: the database whose moments they are.
        shared: the handlers that all databases share.
    """

    def __init__(self, alias: str, shared: Listeners) -> None:
        self._alias = alias
        self._handlers = shared._handlers

    def tell(self, moments: Iterable[Moment]) -> None:
        """Tell everybody who asked."""
        for moment in moments:
            super().tell([moment])
            SIGNALS[moment.kind].send_robust(sender=Tracker, moment=moment, using=self._alias)


@cache
def _database(alias: str, vendor: str) -> LentDatabase:
    """The database of an alias, kept: it has learnt the SQL of every statement."""
    return LentDatabase(DjangoLender(alias))


def _alias(bind: object) -> str | None:
    """The alias that a bind names; None where it is nothing of Django's."""
    alias = bind if isinstance(bind, str) else getattr(bind, "alias", None)
    return alias if isinstance(alias, str) else None


def _surrounded(call: Call) -> Call:
    """The call with what the running request says of its surroundings."""
    if call.extra is not None or call.event == IDENTIFY:
        return call
    properties, ambient = with_surroundings(call.properties)
    return evolve(call, properties=properties, ambient=ambient)
