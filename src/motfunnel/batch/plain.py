"""Plain rows: those that DuckDB alone can take, because they are surely what ``RowReader`` gives.

A row that is not surely plain is not refused here: it is handed to ``RowReader``, which decides.
So there is one definition of what a row means, and a test holds the two ways equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from motfunnel.batch.database import name, text
from motfunnel.batch.meaning import NOTHING, looked_at
from motfunnel.domain.event import IDENTIFY, to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import EARLIEST, to_micros
from motfunnel.intake.contacts import NOBODY
from motfunnel.intake.files.columns import Columns
from motfunnel.intake.files.instants import ISO

_WORD: Final = "[!-~]([ -~]*[!-~])?"
_LONGEST_WORD: Final = 255
_NUMBER: Final = r"'[+-]?[0-9]{1,15}(\.[0-9]{1,9})?'"
_VALUE: Final = r"'[+-]?[0-9]{1,12}(\.[0-9]{1,6})?'"
_USUAL: Final = (
    r"'[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|\+00:00)?'"
)
_WHOLE: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
)  # fmt: skip
_FLOATS: Final = ("FLOAT", "DOUBLE")
_NAIVE: Final = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS")
_AWARE: Final = "TIMESTAMP WITH TIME ZONE"
_MOST_BYTES: Final = 60_000
_MOST_ESCAPED: Final = 6  # bytes that one of a text can take as JSON
_MOST_OF_NUMBER: Final = 32  # bytes that a number takes, with what stands around it
_MICROS: Final = {"unix": 1_000_000, "unix_ms": 1000, "unix_us": 1}
_MOST_MICROS: Final = 10**17


@frozen
class Plain:
    """What DuckDB is to take of plain rows.

    Attributes:
        is_plain: the condition under which a row is plain; never null.
        columns: the columns of an event, by their names.
    """

    is_plain: str
    columns: Mapping[str, str]


def plain_rows(
    types: Mapping[str, str], columns: Columns, funnel: Funnel, latest: datetime
) -> Plain | None:
    """Say which rows of a table are plain, and what they hold; None: none of them surely is."""
    is_usual = columns.id is not None and columns.event_name is None and columns.decimal is None
    if not is_usual or columns.contact_key:
        return None
    at = _instant(name(columns.at), types[columns.at], columns)
    keys = [_key(name(one), types[one]) for one in (columns.contact, columns.id or "")]
    named = {column for _, column in columns.named()}
    written = {one: _json(name(one), kind) for one, kind in types.items() if one not in named}
    if at is None or None in keys or None in written.values() or types[columns.event] != "VARCHAR":
        return None
    event, micros = name(columns.event), at[0]
    there = {column: json for column, json in written.items() if json is not None}
    properties = _object(there)
    conditions = [
        at[1],
        f"{micros} BETWEEN {to_micros(EARLIEST)} AND {to_micros(latest)}",
        *(condition for _, condition in filter(None, keys)),
        *_somebody(columns, types),
        _is_event(event, funnel),
        *_storable({column: types[column] for column in there}),
        *_readable(funnel, types, event),
    ]
    (contact, _), (id, _) = filter(None, keys)
    return Plain(
        is_plain="coalesce(" + " AND ".join(f"({one})" for one in conditions) + ", false)",
        columns={
            "contact": contact,
            "id": id,
            "event": event,
            "micros": micros,
            "asked": _asked(funnel, there, event),
            "properties": properties,
        },
    )


def _storable(types: Mapping[str, str]) -> list[str]:
    """When properties can surely be kept: they are short, hold no NUL and no number like NaN."""
    texts = [name(column) for column, kind in types.items() if kind == "VARCHAR"]
    floats = [name(column) for column, kind in types.items() if kind in _FLOATS]
    others = sum(len(to_json(column)) + _MOST_OF_NUMBER for column in types)
    most = (_MOST_BYTES - others) // _MOST_ESCAPED
    written = " + ".join(f"coalesce(strlen({column}), 0)" for column in texts) or "0"
    return [
        f"{written} <= {most}",
        *(f"{column} IS NULL OR NOT contains({column}, chr(0))" for column in texts),
        *(f"{column} IS NULL OR isfinite({column})" for column in floats),
    ]


def _is_event(column: str, funnel: Funnel) -> str:
    """When an event's name is surely one; those of the funnel need not be looked at."""
    words = (one for one in funnel.rules if re.fullmatch(_WORD, one) and len(one) <= _LONGEST_WORD)
    known = ", ".join(text(one) for one in words if one != IDENTIFY)
    is_known = f"{column} IN ({known}) OR " if known else ""
    return f"{is_known}({_is_word(column)} AND {column} != {text(IDENTIFY)})"


def _is_word(column: str) -> str:
    return f"strlen({column}) <= {_LONGEST_WORD} AND regexp_full_match({column}, {text(_WORD)})"


def _key(column: str, kind: str) -> tuple[str, str] | None:
    """A key as a text, and when it is surely one."""
    if kind == "VARCHAR":
        return column, _is_word(column)
    return (f"{column}::VARCHAR", f"{column} IS NOT NULL") if kind in _WHOLE else None


def _somebody(columns: Columns, types: Mapping[str, str]) -> list[str]:
    if columns.any_contact or types[columns.contact] != "VARCHAR":
        return []
    column, longest = name(columns.contact), max(map(len, NOBODY))
    nobody = ", ".join(map(text, sorted(NOBODY)))
    return [f"strlen({column}) > {longest} OR lower({column}) NOT IN ({nobody})"]


def _instant(column: str, kind: str, columns: Columns) -> tuple[str, str] | None:
    """An instant in microseconds, and when it surely is one."""
    form = columns.at_format
    if kind in _WHOLE and form in _MICROS:
        within = f"{column} BETWEEN 0 AND {_MOST_MICROS // _MICROS[form]}"
        return f"(CASE WHEN {within} THEN {column}::BIGINT * {_MICROS[form]} END)", "true"
    if form not in (None, ISO):
        return None
    if kind == _AWARE:
        return f"(CASE WHEN isfinite({column}) THEN epoch_us({column}) END)", "true"
    if columns.timezone != "UTC":
        return None
    if kind in _NAIVE:
        finite = f"CASE WHEN isfinite({column}) THEN TRY_CAST({column} AS TIMESTAMP) END"
        return f"epoch_us({finite})", "true"
    if kind == "VARCHAR":
        bare = f"regexp_replace({column}, '(Z|\\+00:00)$', '')"
        micros = f"epoch_us(TRY_CAST({bare} AS TIMESTAMP))"
        return micros, f"regexp_full_match({column}, {_USUAL})"
    return None


def _json(column: str, kind: str) -> str | None:
    """A property as JSON, null where it is absent; None for a type that only Python reads."""
    if kind in ("BOOLEAN", *_WHOLE):
        return f"{column}::VARCHAR"
    typed = {"VARCHAR": column} | dict.fromkeys(_FLOATS, f"{column}::DOUBLE")
    if kind not in typed:
        return None
    return f"CASE WHEN {column} IS NOT NULL THEN to_json({typed[kind]})::VARCHAR END"


def _object(written: Mapping[str, str]) -> str:
    """An object of the properties that are there, its keys sorted."""
    parts = [f"{text(to_json(column) + ':')} || {written[column]}" for column in sorted(written)]
    return f"('{{' || concat_ws(',', {', '.join(parts)}) || '}}')" if parts else "'{}'"


def _asked(funnel: Funnel, written: Mapping[str, str], event: str) -> str:
    """The properties that the rules of a row's event look at."""
    cases = []
    for each, names in looked_at(funnel).items():
        seen = {column: json for column, json in written.items() if column in names}
        cases.append(f"WHEN {text(each)} THEN {_object(seen)}")
    if not cases:
        return text(NOTHING)
    return f"CASE {event} {' '.join(cases)} ELSE {text(NOTHING)} END"


def _readable(funnel: Funnel, types: Mapping[str, str], event: str) -> list[str]:
    """When a funnel surely refuses no row."""
    conditions = []
    if funnel.unmapped == "refuse":
        taken = [one for one, rules in funnel.rules.items() if not all(rule.when for rule in rules)]
        conditions.append(f"{event} IN ({', '.join(map(text, taken)) or 'NULL'})")
    for each, rules in funnel.rules.items():
        for column in {rule.score for rule in rules if rule.score in types}:
            conditions.append(f"{event} != {text(each)} OR {_is_score(column, types)}")
        for column in {rule.value for rule in rules if rule.value in types}:
            conditions.append(f"{event} != {text(each)} OR {_is_value(column, types)}")
    return conditions


def _is_score(column: str | None, types: Mapping[str, str]) -> str:
    quoted, kind = name(column or ""), types[column or ""]
    if kind in _WHOLE or kind in _FLOATS:
        return "true"
    is_number = f"regexp_full_match({quoted}, {_NUMBER})" if kind == "VARCHAR" else "false"
    return f"{quoted} IS NULL OR {is_number}"


def _is_value(column: str | None, types: Mapping[str, str]) -> str:
    quoted, kind = name(column or ""), types[column or ""]
    if kind not in (*_WHOLE, *_FLOATS, "VARCHAR"):
        return f"{quoted} IS NULL"
    written = f"{quoted}::DOUBLE::VARCHAR" if kind == "FLOAT" else f"{quoted}::VARCHAR"
    return f"{quoted} IS NULL OR regexp_full_match({written}, {_VALUE})"
