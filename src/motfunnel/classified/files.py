"""A folder of classified files as the ground of reports: whose contacts, by which funnel, when.

What its outputs are, the batch engine says; how they become relations, ``facts`` does.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

from motfunnel.batch.classification import CLASSIFIED, MEMORY, read_memory
from motfunnel.batch.database import check_installed, connect_to_read, text
from motfunnel.batch.manifest import Noted, Output, Whole, is_number, telling_all
from motfunnel.classified.facts import Filed
from motfunnel.classified.relations import Relations
from motfunnel.domain.event import Event, contact_key
from motfunnel.domain.funnel.funnel import Funnel, read_funnel
from motfunnel.domain.instant import When, from_micros, iso, utc
from motfunnel.errors import QuestionError, SourceError
from motfunnel.reports.facts.facts import NOTHING, Facts, Keep, Start
from motfunnel.reports.ground import Instants
from motfunnel.reports.measure.grouping import Groupings
from motfunnel.reports.report import Report
from motfunnel.tracking.profile.explain import make_profile
from motfunnel.tracking.profile.identity import Identity
from motfunnel.tracking.profile.profile import Profile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

Answer = TypeVar("Answer")

_TENANT: Final = "default"


class Files:
    """Classified files, asked like a store.

    Args:
        folder: the folder that ``classify`` wrote.
        funnel: the funnel that classified them, to say otherwise what no classification depends
            on, such as promises; by default as it was then.
        memory: how much to use, such as ``2GiB``.
        clock: says what time it is.

    Raises:
        SourceError: there are no classified files, or another funnel classified them.
        MissingExtraError: DuckDB or numpy is not installed.
    """

    def __init__(
        self,
        folder: str | Path,
        funnel: Funnel | str | None = None,
        *,
        memory: str | int = MEMORY,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        check_installed()
        self.folder: Path = Path(folder)
        self.clock: Callable[[], datetime] = clock
        about = _manifest(self.folder)
        self.classified_as_of: datetime = about.instant("as_of")
        self._left_out: int = _later(about)
        self.funnel: Funnel = _funnel(funnel, about, self.folder)
        self._whole: Whole = Whole(self.folder, about.texts("files"), CLASSIFIED)
        self._whole.check_names()
        self._about: Noted = about
        self._given, self._memory = funnel, memory
        self._connection: Connection = connect_to_read(read_memory(memory))

    @property
    def tenant(self) -> str:
        """Whose contacts: files have one tenant."""
        return _TENANT

    @property
    def store_options(self) -> tuple[str, ...]:
        """The options by which the command line asks the same, beside the folder."""
        return (f"--files {shlex.quote(self.folder.resolve().name)}",)

    def report(
        self,
        *,
        as_of: When | None = None,
        known_by: When | None = None,
        timezone: str = "UTC",
    ) -> Report:
        """Make a report.

        Args:
            as_of: the instant; by default that of the classification, from which a text such as
                ``-30d`` goes back.
            known_by: is refused: files do not say when events were recorded.
            timezone: the IANA zone of calendar periods.

        Raises:
            QuestionError: the instant is naive, yet to come or beyond what the files hold;
                ``known_by`` is given; or there is no such zone.
        """
        return Report(self, as_of=as_of, known_by=known_by, timezone=timezone)

    def now(self) -> datetime:
        """Say what time it is for whoever asks of files: the last instant that they know."""
        return min(self.classified_as_of, self.clock())

    def instants(self, as_of: datetime | None, known_by: datetime | None) -> Instants:
        """Read the instants of a question.

        Raises:
            QuestionError: one is naive, yet to come, or beyond what the files hold.
        """
        if known_by is not None:
            raise QuestionError("files do not say when events were recorded; ask without known_by")
        if as_of is None:
            return Instants(as_of=self.now())
        try:
            given = utc(as_of)
        except ValueError as error:
            raise QuestionError(f"as_of: {error}") from None
        if given > self.clock():
            raise QuestionError(f"as_of {given.isoformat()} lies in the future")
        if given > self.classified_as_of and self._left_out:
            raise QuestionError(
                f"{self.folder} was classified as of {iso(self.classified_as_of)}, and later rows "
                "were left out; classify it as of a later instant"
            )
        return Instants(as_of=given)

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Put a question.

        Raises:
            SourceError: a file cannot be read, is not as it was, or was written anew meanwhile.
        """
        with telling_all(self.folder):
            try:
                answer = question()
            except QuestionError:
                raise
            except Exception:
                self._check_same()
                self._whole.check()
                raise
        self._check_same()
        return answer

    def _check_same(self) -> None:
        if Output(self.folder).about() != self._about:
            raise SourceError(f"{self.folder} was classified anew meanwhile; open it again")

    def erased(self) -> tuple[dict[str, datetime], int]:
        """Nobody: who was erased is in no file."""
        return {}, 0

    def unfinished(self) -> int:
        """None: files are classified whole."""
        return 0

    def observed_until(self) -> datetime | None:
        """As of when they were classified: their newest event, unless one named a later instant."""
        return self.classified_as_of

    def is_anything_known(self, _: Instants) -> bool:
        """Yes: nobody asks by what was known when."""
        return True

    def trait_names(self, instants: Instants) -> Sequence[str]:
        """Give the names of all traits that any contact has, by the instant of the question."""
        with self.reading(instants) as facts:
            return facts.trait_names()

    @contextmanager
    def reading(
        self,
        instants: Instants,
        _: Groupings | None = None,
        __: Start | None = None,
        ___: frozenset[Keep] = NOTHING,
    ) -> Iterator[Facts]:
        """Give what can be read."""
        with self._read(instants) as relations:
            yield Filed(read=relations, funnel=self.funnel)

    @contextmanager
    def _read(self, instants: Instants) -> Iterator[Relations]:
        with self._connection.cursor() as connection:
            yield Relations(
                connection=connection,
                folder=self.folder,
                classified_as_of=self.classified_as_of,
                as_of=instants.as_of,
                check=self._whole.check_once,
            )

    def contact(self, contact: object, *, as_of: When | None = None) -> Profile:
        """Say what is known of a contact, and why; an unknown one has an empty profile.

        Raises:
            QuestionError: the events were left out; or the instant is none that one can ask by.
            EventError: it is no key of a contact.
        """
        key, instants = contact_key(contact), Instants(as_of=self.report(as_of=as_of).as_of)

        def read() -> list[Event]:
            with self._read(instants) as relations:
                found = relations.rows(
                    "SELECT id, event, epoch_us(occurred_at), properties "
                    f"FROM {relations.events()} WHERE contact = {text(key)}"
                )
                return [
                    Event(
                        contact=key,
                        name=name,
                        occurred_at=from_micros(at),
                        id=id,
                        properties=json.loads(properties),
                    )
                    for id, name, at, properties in found
                ]

        return make_profile(Identity(contact=key), self.funnel, self.ask(read), instants.as_of)

    def find(self, part: str, limit: int) -> list[str]:
        """Give keys that have a text in them, in capitals or not: first itself, then beginnings."""
        sought, key = f"lower({text(part)})", "lower(contact)"
        rank = f"contact != {text(part)}, NOT starts_with({key}, {sought}), contact"

        def read() -> list[str]:
            with self._read(Instants(as_of=self.now())) as relations:
                found = relations.rows(
                    f"SELECT contact FROM {relations.contacts()} "
                    f"WHERE contains({key}, {sought}) ORDER BY {rank} LIMIT {limit}"
                )
                return [contact for (contact,) in found]

        return self.ask(read)

    @property
    def identity(self) -> Hashable:
        """What tells them from all other files, also from what was there before them."""
        return str(self.folder.absolute()), json.dumps(dict(self._about.said), sort_keys=True)

    def anew(self) -> Files:
        """Give the same; or what is there now, where they were classified anew meanwhile.

        Raises:
            SourceError: there are no classified files now.
        """
        if Output(self.folder).about() == self._about:
            return self
        return Files(self.folder, self._given, memory=self._memory, clock=self.clock)

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Use them for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of them."""
        self.close()


def _manifest(folder: Path) -> Noted:
    place = Output(folder)
    if place.is_dump:
        raise SourceError(f"{folder} is a dump; motfunnel.transfer.opened gives a tracker of it")
    about = place.about()
    if about is None:
        raise SourceError(f"{folder} holds no classified files; motfunnel classify writes them")
    if not {"definition", "files"} <= {*about.said}:
        raise SourceError(
            f"{place.manifest} lacks what this version notes there: an earlier one classified "
            f"{folder}, or it is damaged; classify it again"
        )
    return about


def _later(about: Noted) -> int:
    later = about.of("counts").said.get("later", 0)
    return int(later) if is_number(later) else about.refuse("counts")


def _funnel(given: Funnel | str | None, about: Noted, folder: Path) -> Funnel:
    chosen, fingerprint = read_funnel(given), about.text("fingerprint")
    if chosen is None:
        return _noted(about, fingerprint)
    if chosen.fingerprint != fingerprint:
        raise SourceError(f"another funnel classified {folder}; classify it by this one")
    return chosen


def _noted(about: Noted, fingerprint: str) -> Funnel:
    """The funnel that the manifest has."""
    try:
        funnel = Funnel.from_dict(json.loads(about.text("definition")))
    except (ValueError, RecursionError):
        about.refuse("definition")
    return funnel if funnel.fingerprint == fingerprint else about.refuse("fingerprint")
