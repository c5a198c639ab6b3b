"""From a row's cells to an event's row, or to the reason why not.

Applies the very checks of ``track``: what is seen once (a contact, an event's name) is not checked
again, and plain properties are checked by writing them. Writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from motfunnel.domain.event import IDENTIFY, MOST_BYTES, EventRow, check_properties, check_text
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import instant_text
from motfunnel.domain.signal import Signal
from motfunnel.intake.conditions import Conditions
from motfunnel.intake.contacts import Contacts
from motfunnel.intake.exports.shape import SAYS
from motfunnel.intake.files.columns import Columns
from motfunnel.intake.files.csv import Header, TextCells
from motfunnel.intake.files.decimals import plain_number
from motfunnel.intake.files.instants import ISO, instant_reader, plain_text
from motfunnel.intake.files.parquet import plain

CONFLICT: Final = "the id {!r} is taken by an event with other content, which stays as it was"
"""Why a row is refused whose id another has."""

_MOST_KEPT: Final = 50_000
_MOST_NAMES: Final = 20

_Meant = tuple[str, int | None]
"""What an event means, and what it was worth, as they are stored with it."""

_NOTE: Final[_Meant] = (Signal.NOTE.label, None)

_quote: Final = json.encoder.encode_basestring  # refuses whatever is not text

# With its keys sorted: one event, one text. What Python's json takes and JSON has not, it refuses.
_write: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


class Link(NamedTuple):
    """That two keys are one contact.

    Attributes:
        at: since when it is said, as ``instant_text`` writes it.
        into: the contact.
        old: the other key of it.
        is_known: whether the other may be a person's own key: then one that was identified is
            not merged.
    """

    at: str
    into: str
    old: str
    is_known: bool


class Layout:
    """Where in a row of texts the columns stand that mean something.

    Args:
        names: the columns.
        needed: the columns of contact, event and instant.
        id: the column of the id, if there is one.
        named: all columns that are no properties.
    """

    def __init__(
        self, names: Header, needed: Sequence[str], id: str | None, named: frozenset[str]
    ) -> None:
        self.names: Header = names
        places = names.places
        self.contact: int
        self.event: int
        self.at: int
        self.contact, self.event, self.at = (places[name] for name in needed)
        self.id: int | None = None if id is None else places[id]
        # Each property's place, and what stands before its value in JSON; in the order of names.
        self._properties = [
            (places[name], f"{_quote(name)}:") for name in sorted(names) if name not in named
        ]

    def write_properties(self, texts: Sequence[str]) -> str:
        """Write the properties as JSON with sorted keys; empty cells are absent."""
        parts = [before + _quote(texts[n]) for n, before in self._properties if texts[n]]
        return "{" + ",".join(parts) + "}"


class RowReader:
    """Reads the rows of one file.

    Args:
        funnel: what events mean.
        columns: how the cells are to be understood.
        key: turns a contact into what it is known by.
        latest: the last instant that is not in the future.

    Raises:
        ValueError: there is no such time zone, or no such form of instants.
    """

    def __init__(
        self,
        funnel: Funnel,
        columns: Columns,
        *,
        key: Callable[[Any], object],
        latest: datetime,
    ) -> None:
        self._contact_in, self._event_in, self._at_in = columns.contact, columns.event, columns.at
        self._id_in = columns.id
        self._named = frozenset(name for _, name in columns.named()) | {SAYS}
        self._read_instant = instant_reader(
            columns.timezone, columns.at_format, truncate=columns.truncate
        )
        self._latest, self._latest_text = latest, instant_text(latest)
        self._is_unix = columns.at_format == "unix"
        self._is_plain = self._is_unix or (
            columns.at_format in (None, ISO) and columns.timezone == "UTC"
        )
        self.funnel: Funnel = funnel
        self.is_state: bool = columns.is_state
        self._ordinals = Ordinals()
        self._layout: Layout | None = None
        self.contacts: Contacts = Contacts(key, columns)
        self._contact, self._known = self.contacts.key, self.contacts.known
        self._decimal = columns.decimal
        self._meant: dict[str, _Meant] = {}
        self.unmapped: dict[str, None] = {}
        self.conditions: Conditions = Conditions(funnel)
        self.links: dict[tuple[str, str], list[Link]] = {}

    def begin_file(self) -> None:
        """Begin with another file of these columns: identical rows are counted file by file."""
        self._ordinals, self._layout = Ordinals(), None

    def read(self, cells: Mapping[str, Any]) -> EventRow:
        """Give the event of a row.

        Raises:
            ValueError: it cannot be taken; the text says why.
        """
        if type(cells) is TextCells:
            return self._read_texts(cells)
        get = cells.get
        contact, name, at = get(self._contact_in), get(self._event_in), get(self._at_in)
        if contact is None or name is None or at is None:
            raise ValueError(_missing(cells, self._contact_in, self._event_in, self._at_in))
        if SAYS in cells:
            return self._read_said(cells, contact, name, at)
        return self._read_event(cells, contact, name, at)

    def _read_event(self, cells: Mapping[str, Any], contact: Any, name: Any, at: Any) -> EventRow:
        key, instant = self._contact(contact), self._instant(at)
        properties = self._properties(cells)
        written, encoded = _write_properties(properties)
        meant = self._meant.get(name) if type(name) is str else None
        if meant is None:
            meant = self._meaning(name, properties)
        id = None if self._id_in is None else _check_id(cells, self._id_in)
        said = at if isinstance(at, str) else instant
        return self._row(key, name, instant, meant, written, encoded, id, said)

    def _read_said(self, cells: Mapping[str, Any], contact: Any, name: Any, at: Any) -> EventRow:
        """Read a row that says who somebody is: traits, or other keys, or both."""
        said = cells[SAYS]
        if said["traits"] is None:
            row = self._read_event(cells, contact, name, at)
        else:
            key, instant = self._contact(contact), self._instant(at)
            written, encoded = _write_properties(said["traits"])
            id = None if self._id_in is None else _check_id(cells, self._id_in)
            said_at = at if isinstance(at, str) else instant
            row = self._row(key, IDENTIFY, instant, _NOTE, written, encoded, id, said_at)
        keys = (self._contact(other) for other in said["keys"])
        links = [
            Link(row.occurred_at, row.contact, key, said["is_known"])
            for key in keys
            if key != row.contact
        ]
        if links:
            self.links[row.contact, row.id] = links
        return row

    def _read_texts(self, cells: TextCells) -> EventRow:
        """Do the same with a row of texts, by places instead of names: most rows are such."""
        if self._decimal is not None:
            cells = TextCells(cells.names, self._plain_numbers(cells))
        layout, texts = self._layout_of(cells.names), cells.texts
        contact, name, at = texts[layout.contact], texts[layout.event], texts[layout.at]
        if not (contact and name and at):
            raise ValueError(_missing(cells, self._contact_in, self._event_in, self._at_in))
        key = self._known.get(contact) or self._contact(contact)
        instant = self._instant(at)
        written = layout.write_properties(texts)
        encoded = _encode(written, cells, self._named)
        meant = self._meant.get(name) or self._meaning(name, self._properties(cells))
        id = None
        if layout.id is not None:
            id = texts[layout.id]
            check_text(id, "id") if id else _check_id(cells, self._id_in or "")
        return self._row(key, name, instant, meant, written, encoded, id, at)

    def _row(
        self,
        key: str,
        name: str,
        instant: str,
        meant: _Meant,
        written: str,
        encoded: bytes,
        id: str | None,
        said: str,
    ) -> EventRow:
        """Give the row, with an id made of its content where it brings none.

        Of the instant as the file says it: should it be read otherwise the next time, the row is
        known again, and contradicts what was taken, instead of being taken for another event.
        """
        if id is None and self.is_state:
            id = Ordinals().make_id(f"{key}\0{name}\0{said}\0".encode())
        elif id is None:
            id = self._ordinals.make_id(f"{key}\0{name}\0{said}\0".encode() + encoded)
        signal, value = meant
        return EventRow(key, id, name, instant, signal, written, value)

    def _layout_of(self, names: Header) -> Layout:
        if self._layout is None or self._layout.names is not names:
            needed = (self._contact_in, self._event_in, self._at_in)
            self._layout = Layout(names, needed, self._id_in, self._named)
        return self._layout

    def _instant(self, at: Any) -> str:
        if self._is_plain:
            usual = plain_text(at, unix=self._is_unix, latest=self._latest_text)
            if usual is not None:
                return usual
        occurred_at = self._read_instant(at)
        if occurred_at > self._latest:
            raise ValueError(f"{occurred_at.isoformat()} lies in the future")
        return instant_text(occurred_at)

    def _properties(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        sign = self._decimal
        return {
            key: plain_number(cell, sign) if sign is not None and isinstance(cell, str) else cell
            for key, cell in cells.items()
            if key not in self._named
        }

    def _plain_numbers(self, cells: TextCells) -> list[str]:
        sign = self._decimal or "."
        return [
            text if name in self._named else plain_number(text, sign)
            for name, text in zip(cells.names, cells.texts, strict=True)
        ]

    def contact(self, cells: Mapping[str, Any]) -> str | None:
        """Whose a row is that cannot be read otherwise; None: it does not say."""
        try:
            return self._contact(cells.get(self._contact_in))
        except ValueError:
            return None

    def _meaning(self, name: Any, properties: Mapping[str, Any]) -> _Meant:
        """Read what an event means; keep the answer if it is the same for every event so named."""
        check_text(name, "event")
        if name == IDENTIFY:
            raise ValueError(
                f"the event {IDENTIFY!r} is a name of our own; --like says whose export this is, "
                "and reads what it says of contacts"
            )
        self.conditions.look(name, properties)
        reading = self.funnel.read(name, properties)
        meant = reading.signal.label, reading.value
        rules = self.funnel.rules.get(name, ())
        if not self.funnel.knows(name) and len(self.unmapped) < _MOST_NAMES:
            self.unmapped[name] = None
        if (not rules or rules[0].is_constant) and len(self._meant) < _MOST_KEPT:
            self._meant[name] = meant
        return meant


def _write_properties(properties: dict[str, Any]) -> tuple[str, bytes]:
    """Write properties as JSON with sorted keys, as a text and in UTF-8.

    Raises:
        ValueError: JSON or a database cannot keep them as they are.
    """
    try:
        parts = [f"{_quote(key)}:{_quote(properties[key])}" for key in sorted(properties)]
        written = "{" + ",".join(parts) + "}"
    except TypeError:  # not texts only
        properties = check_properties({key: plain(cell) for key, cell in properties.items()})
        written = _write(properties)
    return written, _encode(written, properties, frozenset())


def _encode(written: str, cells: Mapping[str, Any], but: frozenset[str]) -> bytes:
    """Give JSON in UTF-8.

    Args:
        written: the properties as JSON.
        cells: where they come from.
        but: the cells that are no properties.

    Raises:
        ValueError: a database cannot keep them; it says which, and why.
    """
    try:
        encoded = written.encode()
    except UnicodeEncodeError:
        encoded = b""
    if not encoded or len(encoded) > MOST_BYTES or "\\u0000" in written:
        check_properties({key: cell for key, cell in cells.items() if key not in but})
    return encoded


def _missing(cells: Mapping[str, Any], *needed: str) -> str:
    column = next(column for column in needed if cells.get(column) is None)
    return f"the column {column!r} is empty"


def _check_id(cells: Mapping[str, Any], column: str) -> str:
    cell = cells.get(column)
    if cell is None:
        raise ValueError(_missing(cells, column))
    if isinstance(cell, int) and not isinstance(cell, bool):
        cell = str(cell)
    return check_text(cell, "id")


class Ordinals:
    """Makes the ids of one file's rows, in their order."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def make_id(self, content: bytes) -> str:
        """Give the id of the next row with this content."""
        digest = blake2b(content, digest_size=16).digest()
        # Half a digest is enough to count by: should two rows share it, their ids still differ.
        short = digest[:8]
        ordinal = self._seen.get(short, 0)
        self._seen[short] = ordinal + 1
        return f"{digest.hex()}-{ordinal}"
