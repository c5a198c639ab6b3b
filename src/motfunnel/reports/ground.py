"""The ground of reports: what can be asked, and whose contacts they are.

``Tenant`` is that of a store; the batch engine has one of classified files.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol, TypeVar

from attrs import evolve, frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.reports.facts.facts import NOTHING, Facts, Keep, Start
from motfunnel.reports.facts.known import Known
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.measure.arguments import read_known_by
from motfunnel.reports.measure.grouping import Groupings
from motfunnel.store.database.retry import ask
from motfunnel.store.ledger.erasure import erased_contacts
from motfunnel.store.ledger.funnels import newest_imported
from motfunnel.store.ledger.imports import count_unfinished
from motfunnel.store.queries.groups import read_trait_names
from motfunnel.store.queries.scope import Extent, is_anything_known
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.recording.owed import as_if_folded

Answer = TypeVar("Answer")


@frozen(kw_only=True)
class Instants:
    """As of when is asked, and by what was known when.

    Attributes:
        as_of: what came after this instant does not exist.
        known_by: what had been recorded by this instant is taken into account; None: all.
    """

    as_of: datetime
    known_by: datetime | None = None


class Ground(Protocol):
    """What reports are asked of."""

    @property
    def funnel(self) -> Funnel:
        """The definition in use."""
        ...

    @property
    def tenant(self) -> str:
        """Whose contacts."""
        ...

    @property
    def store_options(self) -> tuple[str, ...]:
        """The options by which the command line asks the same; no path and no host is in them."""
        ...

    def now(self) -> datetime:
        """Say what time it is."""
        ...

    def instants(self, as_of: datetime | None, known_by: datetime | None, /) -> Instants:
        """Read the instants of a question.

        Raises:
            QuestionError: one is naive, yet to come, or beyond what is known.
        """
        ...

    def ask(self, question: Callable[[], Answer], /) -> Answer:
        """Put a question, and once more where that may help."""
        ...

    def erased(self) -> tuple[dict[str, datetime], int]:
        """When those were erased whose counts were kept, and how many the others are."""
        ...

    def unfinished(self) -> int:
        """How many files are not taken in whole."""
        ...

    def observed_until(self) -> datetime | None:
        """Until when anything is known of a history that is finished; None of one that goes on."""
        ...

    def is_anything_known(self, instants: Instants, /) -> bool:
        """Whether anything had been recorded by then."""
        ...

    def trait_names(self, instants: Instants, /) -> Sequence[str]:
        """Give the names of all traits that any contact has."""
        ...

    def reading(
        self,
        instants: Instants,
        groupings: Groupings | None = None,
        start: Start | None = None,
        keeps: frozenset[Keep] = NOTHING,
        /,
    ) -> AbstractContextManager[Facts]:
        """Give what can be read.

        Args:
            instants: as of when.
            groupings: by what clocks will be grouped; None: not at all.
            start: which events will start them.
            keeps: what will be asked for, where that is more than one thing.
        """
        ...


@frozen
class Tenant:
    """The contacts of a tenant of a store.

    Attributes:
        reader: who reads the store.
    """

    reader: Reader

    @property
    def funnel(self) -> Funnel:
        """The definition in use."""
        return self.reader.funnel

    @property
    def tenant(self) -> str:
        """Whose contacts."""
        return self.reader.tenant

    @property
    def store_options(self) -> tuple[str, ...]:
        """The options by which the command line asks the same; the environment has the store."""
        named = {"--tenant": self.tenant, "--schema": self.reader.database.tables.schema}
        told = [
            f"{option} {shlex.quote(name)}"
            for option, name in named.items()
            if name is not None and (option, name) != ("--tenant", "default")
        ]
        return (*told, '--db "$MOTFUNNEL_DB"')

    def now(self) -> datetime:
        """Say what time it is."""
        return self.reader.clock()

    def instants(self, as_of: datetime | None, known_by: datetime | None) -> Instants:
        """Read the instants of a question.

        Raises:
            QuestionError: one is naive, or yet to come.
        """
        until = self.reader.as_of(as_of)
        return Instants(as_of=until, known_by=read_known_by(known_by, self.reader.clock()))

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Put a question, and once more where a connection was lost."""
        return ask(self.reader.database, question)

    def erased(self) -> tuple[dict[str, datetime], int]:
        """When those were erased whose counts were kept, and how many the others are."""
        database = self.reader.database
        with database.read() as connection:
            kept, others = erased_contacts(connection, database.tables, self.tenant)
        return kept, others

    def unfinished(self) -> int:
        """How many files are not taken in whole."""
        database = self.reader.database
        with database.read() as connection:
            return count_unfinished(connection, database.tables, self.tenant)

    def observed_until(self) -> datetime | None:
        """The last instant that was imported, where nothing else has come in."""
        database = self.reader.database
        with database.read() as connection:
            return newest_imported(connection, database.tables, self.tenant)

    def is_anything_known(self, instants: Instants) -> bool:
        """Whether anything had been recorded by then."""
        if instants.known_by is None:
            return True
        database = self.reader.database
        with database.read() as connection:
            return is_anything_known(connection, database.tables, self.tenant, instants.known_by)

    def trait_names(self, instants: Instants) -> Sequence[str]:
        """Give the names of all traits that any contact has, by the instant of the question."""
        with self._extent(instants) as extent:
            return read_trait_names(extent, instants.known_by)

    @contextmanager
    def reading(
        self,
        instants: Instants,
        groupings: Groupings | None = None,
        start: Start | None = None,
        keeps: frozenset[Keep] = NOTHING,
    ) -> Iterator[Facts]:
        """Give what can be read, by what is stored or by what was known."""
        reader, by = self.reader, instants.known_by
        if by is None:
            reader.check_current()
        with self._extent(instants, widely=True) as extent:
            stored = Stored(extent=extent, funnel=reader.funnel)
            if by is None:
                where = (extent.connection, reader.database, reader.tenant, reader.funnel)
                yield evolve(stored, extent=evolve(extent, tables=as_if_folded(*where)))
            else:
                each = () if groupings is None else groupings.each
                yield Known(stored=stored, known_by=by, groupings=each, start=start, keeps=keeps)

    @contextmanager
    def _extent(self, instants: Instants, *, widely: bool = False) -> Iterator[Extent]:
        """What is read of the database: whose, and up to when."""
        database = self.reader.database
        with database.read(widely=widely) as connection:
            yield Extent(
                connection=connection,
                tables=database.tables,
                tenant=self.tenant,
                as_of=instants.as_of,
            )
