"""A look at a file that nobody knows yet: what its columns may be, and what its events may mean.

Guesses by names and by what can be read, from the first rows only; imports nothing. What it takes
for what is for a person to confirm.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.event import storable
from motfunnel.domain.funnel.file import line
from motfunnel.errors import SourceError
from motfunnel.intake.exports.profiles import PROFILES, shaped
from motfunnel.intake.files.forms import format_named, open_source
from motfunnel.intake.files.instants import instant_reader
from motfunnel.intake.files.members import find_members
from motfunnel.intake.files.source import NO_UTF8, Place, Source, open_bytes
from motfunnel.text import counted

_ROWS: Final = 10_000
_READ: Final = 1_000
_MOST_NAMES: Final = 10
_NEARLY_ALL: Final = 0.95
_WESTERN: Final = "cp1252"
_YEARS: Final = range(1990, 2100)

_CALLED: Final = {
    "contact": "contact contact_id customer_id customer user_id user email customer_email "
    "e_mail email_address member_id client_id account_id subscriber_id household_id visitor_id "
    "distinct_id anonymous_id person_id lead_id who",
    "event": "event event_name event_type event_action activity activity_type action what type",
    "at": "occurred_at timestamp event_time event_timestamp time at datetime date_time date when "
    "created_at created created_on event_date order_date purchase_date ts logged_at",
    "id": "event_id id message_id insert_id uuid transaction_id order_id",
}
_OF_TIME: Final = re.compile(r"(date|time|timestamp|[_ ]at)$", re.IGNORECASE)
"""How columns of instants are called that are called like no other."""

_FORMS: Final = {
    None: "ISO 8601",
    "unix": "seconds since 1970",
    "unix_ms": "milliseconds since 1970",
    "unix_us": "microseconds since 1970",
    "unix_ns": "nanoseconds since 1970",
    "%d.%m.%Y": "day.month.year",
    "%d.%m.%Y %H:%M": "day.month.year",
    "%d.%m.%Y %H:%M:%S": "day.month.year",
    "%d/%m/%Y": "day/month/year",
    "%d/%m/%Y %H:%M": "day/month/year",
    "%d/%m/%Y %H:%M:%S": "day/month/year",
    "%m/%d/%Y": "month/day/year",
    "%m/%d/%Y %H:%M": "month/day/year",
    "%m/%d/%Y %H:%M:%S": "month/day/year",
    "%m/%d/%Y %I:%M %p": "month/day/year",
    "%Y/%m/%d": "year/month/day",
    "%Y/%m/%d %H:%M:%S": "year/month/day",
    "excel": "days of a spreadsheet",
}
_MEANINGS: Final = (
    ("note", r"order.*(cancel|refund)|sent|deliver|bounce|mailed|dispatch|ship"),
    ("outreach", r"win.?back|re.?engage"),
    ("leave", r"unsub|cancel|churn|opt.?out|deactivat|(account|subscription|user).*(delet|clos)"),
    ("resolve", r"(ticket|case|issue|complaint).*(clos|solv|resolv|done)|resolved"),
    ("complain", r"ticket|complain|case.*open|issue.*open|dispute"),
    ("refer", r"invit|refer"),
    ("rating", r"nps|rating|rated|survey|csat|feedback"),
    ("advocate", r"review.*(writ|post|publish|submit)|testimonial"),
    ("purchase", r"became an? customer"),
    ("purchase", r"purchas|order.*(plac|complet|paid|creat)|^orders?$|paid|payment.*succ|bought|"
                 r"checkout.*complet|charge.succ|transaction|^sales?$"),
    ("reach", r"sign.?(ed)?.?up|regist|subscri|trial|demo|account.*creat|customer.created|lead"),
    ("touch", r"^create date$"),
    ("touch", r"page|view|visit|log.?in|signed.?in|session|open|click|search|cart|screen|start|"
              r"download|seen|app|checkout|product|scroll"),
)  # fmt: skip


@frozen(kw_only=True)
class Look:
    """What a file seems to be.

    Attributes:
        path: the file.
        like: the profile that it has the shape of, if there is one.
        columns: what seems to be the contact, event, at and id, and how instants are written.
        rows: how many rows were looked at.
        events: the names of events, and how often each is there.
        contacts: how many contacts are among the rows.
        remarks: how it is written, where that is not usual, and what is not sure.
        names: all columns.
        file_format: csv or jsonl, where the file's name does not say.
    """

    path: Path
    like: str | None
    columns: dict[str, str]
    rows: int
    events: Counter[str]
    contacts: int
    names: Collection[str]
    file_format: str | None = None
    remarks: list[str] = field(factory=list)

    @property
    def missing(self) -> list[str]:
        """What nothing in the file seems to be."""
        return [name for name in ("contact", "event", "at") if name not in self.columns]

    def funnel(self) -> str:
        """The text of a funnel file to begin with."""
        common = self.events.most_common(_MOST_NAMES)
        rules = [_rule(name, counted(rows, "row")) for name, rows in common]
        return storable(_FUNNEL.format(file=ascii(self.path.name), rules="\n".join(rules)))


_FUNNEL: Final = """\
# A funnel for {file}, proposed by the names of its events. Read every line: what an event
# means is for you to say. docs: how-to/write-a-funnel

# The stages in their order: an opening puts a contact at the first, a purchase at the last.
stages = ["visitor", "lead", "customer"]

# How long a contact may be silent before it counts as departed.
[patience]
default = "30d"
customer = "90d"

# What each event means: touch, reach, purchase, rating, refer, advocate, complain, resolve, leave,
# outreach, research or note. An event without a rule is a note.
[rules]
{rules}
"""


def look(path: Path, *, given: dict[str, str] | None = None) -> Look:
    """Look at a file.

    Args:
        path: the file.
        given: columns that a person has named; they are not guessed.

    Raises:
        SourceError: it is missing, or can be read in no form.
    """
    members = find_members(path)
    place = next(iter(members.places.values()))
    source, encoding = _open(place)
    like = _like({*source.names})
    shaped_source, columns = shaped(source, dict(given or {}), like)
    all_names = [*shaped_source.names]
    rows = [raw.cells for raw in islice(shaped_source.rows(), _ROWS) if raw.fault is None]
    remarks = [*members.remarks, *source.remarks]
    if place is not path:
        files = counted(len(members.places), "file")
        remarks.insert(0, f"{files}, of which {place.name} was looked at")
    if encoding is not None:
        columns["encoding"] = encoding
        remarks.append(f"not UTF-8, and taken for {encoding}: look at the accents")
    columns = {name: str(value) for name, value in columns.items()}
    if like is None:
        columns = _guess(rows, all_names, columns, remarks)
    if "event" not in columns:
        columns["event_name"] = re.sub(r"\W+", "_", path.name.split(".")[0]).strip("_").lower()
        remarks.append("no column names an event, so all rows get one name")
    return _found(path, place, like, columns, rows, all_names, remarks)


def _found(
    path: Path,
    place: Place,
    like: str | None,
    columns: dict[str, str],
    rows: list[Any],
    all_names: list[str],
    remarks: list[str],
) -> Look:
    """Put together what was found, and count the events."""
    name = columns.get("event_name")
    return Look(
        path=path,
        like=like,
        columns=columns | ({"event": ""} if name else {}),
        rows=len(rows),
        events=Counter({name: len(rows)} if name else _texts(rows, columns["event"])),
        contacts=len({*_texts(rows, columns.get("contact", ""))}),
        names=all_names,
        file_format=_form_of(place),
        remarks=remarks,
    )


def _like(names: set[str]) -> str | None:
    """The profile whose marks are there, of several the one with the most."""
    marked = [name for name, one in PROFILES.items() if one.mark <= names]
    return max(marked, key=lambda name: len(PROFILES[name].mark), default=None)


def _texts(rows: Sequence[Any], column: str) -> list[str]:
    return [str(row[column]) for row in rows if row.get(column) is not None]


def _open(path: Place) -> tuple[Source, str | None]:
    """Open a file, as cp1252 where it is no UTF-8, as most such files are."""
    form = _form_of(path)
    try:
        source = open_source(path, form)
        some = islice(source.rows(), _ROWS)
        cells = (cell for raw in some for cell in raw.cells.values() if isinstance(cell, str))
        if len(source.names) and not any(map(NO_UTF8.search, cells)):
            return source, None
    except SourceError as error:
        if "--encoding" not in str(error):
            raise
    return open_source(path, form, None, _WESTERN), _WESTERN


def _form_of(path: Place) -> str | None:
    """The form of a file whose name does not say it: by its first character."""
    if format_named(path) is not None or not path.is_file():
        return None
    with open_bytes(path) as file:
        start = file.read(4)
    return (
        "parquet" if start == b"PAR1" else "jsonl" if start.lstrip()[:1] in (b"{", b"[") else "csv"
    )


def _guess(
    rows: Sequence[Any], names: list[str], said: dict[str, str], remarks: list[str]
) -> dict[str, str]:
    found = dict(said)
    for option in ("contact", "event", "at", "id"):
        if option in found or (option == "event" and "event_name" in found):
            continue
        fits = _FITS.get(option, bool)  # a column that is empty is nobody
        free = [name for name in names if name not in found.values()]
        called = _ranked(free, _CALLED[option])
        if option == "at":
            called += [name for name in free if _OF_TIME.search(name) and name not in called]
        for name in called:
            if fits([row[name] for row in rows[:_READ] if row.get(name) is not None]):
                found[option] = name
                break
        else:
            remarks += [f"{name!a} is not taken: {_UNFIT[option]}" for name in called[:1]]
    if "contact" not in found:
        for name in names:
            if _mostly(rows, name, lambda cell: "@" in str(cell)):
                found.setdefault("contact", name)
    if "at" in found and "at_format" not in found:
        _guess_form([row[found["at"]] for row in rows[:_READ] if row.get(found["at"]) is not None],
                    found, remarks)  # fmt: skip
    return found


def _guess_form(cells: Sequence[Any], found: dict[str, str], remarks: list[str]) -> None:
    """Find how instants are written, and say where they could be written in two ways."""
    forms = _forms_of(cells)
    if forms and forms[0] is not None:
        found["at_format"] = forms[0]
    if len(forms) > 1 and "/" in str(forms[0]):
        one, other = _FORMS[forms[0]], _FORMS[forms[1]]
        remarks.append(f"the days could be read as {one} or {other}: look at them")


def _ranked(names: Sequence[str], called: str) -> list[str]:
    plain = {re.sub(r"[^a-z0-9]+", "", name.lower()): name for name in reversed(names)}
    ranks = [each.replace("_", "") for each in called.split()]
    return [plain[rank] for rank in ranks if rank in plain]


def _mostly(rows: Sequence[Any], name: str, fits: Callable[[Any], bool]) -> bool:
    cells = [row[name] for row in rows[:_READ] if row.get(name) is not None]
    return bool(cells) and sum(map(fits, cells)) >= _NEARLY_ALL * len(cells)


def _forms_of(cells: Sequence[Any]) -> list[str | None]:
    """The forms by which nearly all of the cells can be read as instants of our times."""
    found: list[str | None] = []
    for form in _FORMS if cells else ():
        read, sound = instant_reader("UTC", form, truncate=True), 0
        for cell in cells:
            try:
                sound += read(cell).year in _YEARS
            except ValueError:
                continue
        if sound >= _NEARLY_ALL * len(cells):
            found.append(form)
    return found


_FITS: Final[dict[str, Callable[[list[Any]], bool]]] = {
    "at": lambda cells: bool(_forms_of(cells)),
    "id": lambda cells: bool(cells) and len(set(map(str, cells))) == len(cells),
    "event": lambda cells: len(set(map(str, cells))) <= max(20, len(cells) // 10),
}

_UNFIT: Final = {
    "contact": "it is empty",
    "event": "it has nearly as many values as rows",
    "at": "not nearly all of its cells are instants",
    "id": "its cells repeat",
}
"""Why a column that is called so is not what its name says."""


def form_text(at_format: str | None) -> str:
    """How instants are written, in words."""
    return _FORMS.get(at_format, str(at_format))


def _rule(name: str, rows: str) -> str:
    plain = re.sub(r"[\s_-]+", " ", name).lower()
    for signal, pattern in _MEANINGS:
        if re.search(pattern, plain):
            return f"{line(name, {'reach': 'lead'} if signal == 'reach' else signal)}   # {rows}"
    return f"# {line(name, 'note')}   # {rows}; what does it mean?"
