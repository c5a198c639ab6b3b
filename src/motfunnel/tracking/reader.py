"""The reader: all that can be asked of a tenant's contacts. Writes nothing.

The tracker is a reader that also records; reports need no more than this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import wraps
from typing import Concatenate, ParamSpec, Self, TypeVar

from attrs import evolve

from motfunnel.domain.calendar import goes_back, read_when
from motfunnel.domain.event import Event
from motfunnel.domain.event import contact_key as check_key
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import When, utc
from motfunnel.domain.moment import Moment, MomentKind, MomentName
from motfunnel.errors import EventError, NoFunnelError, OutdatedError, QuestionError
from motfunnel.store.database.database import Database
from motfunnel.store.database.retry import ask, ask_lazily
from motfunnel.store.ledger import funnels
from motfunnel.store.ledger.imports import count_unfinished
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.queries.moments import read_moments
from motfunnel.tracking.profile.explain import make_profile, profile_of_erased
from motfunnel.tracking.profile.identity import Identity, find_identity
from motfunnel.tracking.profile.profile import Profile, Revoked
from motfunnel.tracking.profile.revocations import revocations
from motfunnel.tracking.recording.habits import taught
from motfunnel.tracking.recording.interpreter import Interpreter
from motfunnel.tracking.recording.owed import as_if_folded

P = ParamSpec("P")
Answer = TypeVar("Answer")
ReaderT = TypeVar("ReaderT", bound="Reader")


def question(
    method: Callable[Concatenate[ReaderT, P], Answer],
) -> Callable[Concatenate[ReaderT, P], Answer]:
    """A verb that only asks: asked once more where a connection was lost."""

    @wraps(method)
    def asked(self: ReaderT, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return ask(self.database, lambda: method(self, *args, **kwargs))

    return asked


class Reader:
    """Answers what a tenant's contacts did, as of an instant.

    Attributes:
        database: where they are stored.
        tenant: whose contacts they are.
        clock: says what time it is.
        interpreter: turns a contact as the host has it into its key.
    """

    database: Database
    tenant: str
    clock: Callable[[], datetime]
    interpreter: Interpreter
    _funnel: Funnel | None

    @property
    def funnel(self) -> Funnel:
        """The funnel that was given, or else the one stored with the data.

        Raises:
            NoFunnelError: there is neither.
        """
        if self._funnel is None:
            self._funnel = self._read_funnel()
        if self._funnel is None:
            raise NoFunnelError(
                f"no funnel was given, and the tenant {self.tenant!r} has none in this database, "
                "nor any contacts; pass "
                "funnel=Funnel.ecommerce(), Funnel.saas(), or one of your own "
                "(on the command line: --funnel)"
            )
        return self._funnel

    @question
    def _read_funnel(self) -> Funnel | None:
        with self.database.read() as connection:
            return funnels.stored_funnel(connection, self.database.tables, self.tenant)

    @question
    @taught
    def contact(self, contact: object, *, as_of: When | None = None) -> Profile:
        """Say what is known of a contact, and why; an unknown one has an empty profile."""
        return self._profile(self._key(contact), as_of)

    def _profile(self, key: str, as_of: When | None = None) -> Profile:
        funnel, instant = self.funnel, self.as_of(as_of)
        with self.database.read() as connection:
            ledger = Ledger(connection, self.database.tables.schema, self.tenant)
            if not ledger.has_characters_for(key):
                return make_profile(Identity(contact=key), funnel, [], instant)
            identity = find_identity(ledger, key)
            recorded = [one for key in identity.keys for one in ledger.arrivals(key)]
            stored = ledger.find_contact(identity.contact, funnel)
            if stored is not None and stored.erased_at is not None:
                moments, episodes = ledger.journeys([stored.contact])
                journey = evolve(
                    stored.journey,
                    moments=moments.get(stored.contact, []),
                    episodes={one.number: one for one in episodes.get(stored.contact, [])},
                )
                left = ledger.stories([stored], to_write=False).get(stored.contact, [])
                return profile_of_erased(journey, instant, stored.erased_at, left)
        profile = make_profile(identity, funnel, [event for event, _ in recorded], instant)
        return evolve(profile, revoked=self._revoked(identity.contact, recorded, instant))

    def _revoked(
        self, contact: str, recorded: Sequence[tuple[Event, datetime]], as_of: datetime
    ) -> tuple[Revoked, ...]:
        """What late events took back; nothing where all was imported: nobody could ask before."""
        revoked = revocations(contact, self.funnel, recorded, as_of)
        if not revoked:
            return ()
        with self.database.read() as connection:
            tables = self.database.tables
            is_live = funnels.newest_imported(connection, tables, self.tenant) is None
        return revoked if is_live else ()

    @taught
    def moments(
        self,
        contact: object = None,
        *,
        kind: MomentKind | MomentName | None = None,
        since: When | None = None,
        as_of: When | None = None,
    ) -> list[Moment]:
        """Read moments as of an instant, contact by contact, each contact's in order.

        Departures by silence are there from their deadline on, swept or not.

        Raises:
            OutdatedError: contacts were classified by another funnel.
        """
        return list(self.iter_moments(contact, kind=kind, since=since, as_of=as_of))

    @taught
    def iter_moments(
        self,
        contact: object = None,
        *,
        kind: MomentKind | MomentName | None = None,
        since: When | None = None,
        as_of: When | None = None,
    ) -> Iterator[Moment]:
        """The same one by one, read as they are asked for: for what does not fit into memory.

        Raises:
            OutdatedError: contacts were classified by another funnel.
        """
        key = None if contact is None else self._key(contact)
        wanted = None if kind is None else moment_kind(kind)
        instant = self.as_of(as_of)
        earliest = None if since is None else _read(since, "since", instant)
        self.check_current()
        funnel = self.funnel

        def read() -> Iterator[Moment]:
            with self.database.read(lazily=True) as connection:
                ledger = Ledger(connection, self.database.tables.schema, self.tenant)
                if key is not None and not ledger.has_characters_for(key):
                    return
                yield from read_moments(
                    connection,
                    as_if_folded(connection, self.database, self.tenant, funnel),
                    self.tenant,
                    as_of=instant,
                    contact=None if key is None else find_identity(ledger, key).contact,
                    kind=wanted,
                    since=earliest,
                )

        return ask_lazily(self.database, read)

    @question
    def as_of(self, instant: When | None) -> datetime:
        """The instant of a question; by default now.

        In a store that has only been imported into it is the newest imported instant, or time
        that nobody observed would count as silence. ``-30d`` goes back from there.

        Raises:
            QuestionError: the instant is naive, or yet to come.
        """
        now = self.clock()
        if instant is not None and not goes_back(instant):
            return _past(instant, now, now)
        with self.database.read() as connection:
            newest = funnels.newest_imported(connection, self.database.tables, self.tenant)
        latest = now if newest is None else min(newest, now)
        return latest if instant is None else _past(instant, latest, now)

    @question
    def check_current(self) -> None:
        """Make sure that this funnel classified every contact.

        Raises:
            OutdatedError: another did, or events await the fold.
        """
        funnel = self.funnel
        with self.database.read() as connection:
            where = (connection, self.database.tables, self.tenant)
            outdated = funnels.count_outdated(*where, funnel)
            unfinished = count_unfinished(*where) if outdated else 0
        if outdated:
            raise OutdatedError(outdated, unfinished=unfinished)

    def _key(self, contact: object) -> str:
        try:
            return check_key(self.interpreter.key(contact))
        except EventError:
            raise
        except ValueError as error:
            raise EventError(str(error), contact=contact) from None

    def close(self) -> None:
        """Close the connections to a database that was given as a URL."""
        self.database.dispose()

    def __enter__(self) -> Self:
        """Use the tracker for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def moment_kind(name: object) -> MomentKind:
    """Give the kind of moment that is named.

    Raises:
        QuestionError: there are eight kinds, and this is none of them.
    """
    try:
        return MomentKind(name)  # type: ignore[arg-type]  # says whether it is one
    except ValueError:
        close = get_close_matches(str(name), [*MomentKind], n=1)
        meant = f"did you mean {close[0].value!r}? There" if close else "there"
        kinds = ", ".join(MomentKind)
        raise QuestionError(f"there is no moment {name!r}; {meant} are: {kinds}") from None


def _past(instant: When, latest: datetime, now: datetime) -> datetime:
    """Read the instant of a question; a text may go back from the latest that is asked about."""
    given = _read(instant, "as_of", latest if goes_back(instant) else now)
    if given > now:
        raise QuestionError(f"as_of {given.isoformat()} lies in the future")
    return given


def _read(instant: When, name: str, now: datetime) -> datetime:
    """Read an instant; a text in UTC, and from now back."""
    try:
        return utc(read_when(instant, UTC, now) if isinstance(instant, str) else instant)
    except ValueError as error:
        raise QuestionError(f"{name}: {error}") from None
