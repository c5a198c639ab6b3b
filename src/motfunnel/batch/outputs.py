"""The outputs of a part: moments, episodes, contacts and events, each a file of Parquet.

Columns and values are those that the store answers with; what was never said is null.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from motfunnel.batch import kernel
from motfunnel.batch.database import column, lend, text, texts, write_parquet
from motfunnel.batch.part import Part
from motfunnel.domain import machine
from motfunnel.domain.event import IDENTIFY, trait_text
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import source_of
from motfunnel.domain.moment import LEFT, SILENCE, MomentKind, Presence
from motfunnel.domain.signal import Signal

if TYPE_CHECKING:
    from numpy import ndarray

    Array = ndarray[Any, Any]

_NONE: Final = -1
_NEVER: Final = -(1 << 62)
_PARTS: Final = 10**9  # sums of millionths are made in two parts, neither of which overflows
_KINDS: Final = tuple(MomentKind)
_BIT: Final = {kind: 1 << place for place, kind in enumerate(_KINDS)}


def write_moments(part: Part, path: Path) -> int:
    """Write the moments, contact by contact, each contact's in order; how many there are."""
    columns = _moments(part)
    lend(part.connection, "made", columns)
    query = f"""
        SELECT contact::VARCHAR AS contact, {texts(_KINDS)}[kind + 1] AS moment,
            make_timestamptz(micros) AS occurred_at, id::VARCHAR AS event_id,
            {texts(part.funnel.stages)}[nullif(before, -1) + 1] AS from_stage,
            {texts(part.funnel.stages)}[nullif(after, -1) + 1] AS to_stage,
            CASE WHEN silent THEN {text(SILENCE)}
                WHEN "left" THEN coalesce(said::VARCHAR, {text(LEFT)}) END AS reason,
            nullif(episode, -1)::INTEGER AS episode, referred::VARCHAR AS referred,
            NULL::VARCHAR AS recorded_as
        FROM made"""
    write_parquet(part.connection, query, path)
    return len(columns["step"])


def write_episodes(part: Part, path: Path) -> int:
    """Write the episodes, from departure to return; how many there are."""
    import numpy as np

    records = part.walked.records
    row = records[:, records[kernel.MADE] & machine.DEPART > 0]
    _, silent = _departures(part, row)
    back, tried = row[kernel.RETURN], row[kernel.OUTREACHES] > 0
    reasons = _words(part.meanings.reasons)
    columns = {
        "step": np.arange(row.shape[1]),
        "contact": part.keys[row[kernel.CONTACT]],
        "episode": row[kernel.EPISODE],
        "departed": row[kernel.DEPARTED],
        "said": _only(~silent, reasons, _at(part.meant, row[kernel.EVENT])),
        "silent": silent,
        "stage": row[kernel.BEFORE],
        "customer": row[kernel.CUSTOMER] > 0,
        "first": np.where(tried, row[kernel.FIRST], _NEVER),
        "outreaches": row[kernel.OUTREACHES],
        "returned": np.where(back >= 0, _at(part.instants, back), _NEVER),
        "id": _only(back >= 0, part.ids, back),
    }
    lend(part.connection, "made", columns)
    query = f"""
        SELECT contact::VARCHAR AS contact, episode::INTEGER AS episode,
            make_timestamptz(departed) AS departed_at,
            CASE WHEN silent THEN {text(SILENCE)} ELSE coalesce(said::VARCHAR, {text(LEFT)})
                END AS reason,
            {texts(part.funnel.stages)}[stage + 1] AS stage, customer,
            make_timestamptz(nullif("first", {_NEVER})) AS first_outreach_at,
            outreaches::INTEGER AS outreaches,
            make_timestamptz(nullif(returned, {_NEVER})) AS returned_at,
            id::VARCHAR AS return_event_id
        FROM made"""
    write_parquet(part.connection, query, path)
    return int(row.shape[1])


def write_contacts(part: Part, path: Path) -> int:
    """Write what is so of each contact as of the instant; how many there are."""
    columns = _contacts(part)
    _lend_sources(part)
    lend(part.connection, "made", columns)
    query = f"""
        SELECT contact, {texts(tuple(Presence))}[presence + 1] AS presence,
            {texts(part.funnel.stages)}[stage + 1] AS stage, purchases::INTEGER AS purchases,
            referrals::INTEGER AS referrals, apostle,
            make_timestamptz(nullif(touched, {_NEVER})) AS last_touch_at,
            make_timestamptz(nullif(deadline, {_NEVER})) AS deadline_at,
            make_timestamptz(nullif(opened, {_NEVER})) AS opened_at,
            source::VARCHAR AS source, episodes::INTEGER AS episodes, cases::INTEGER AS open_cases,
            {_sum(part.funnel)} AS value
        FROM made JOIN contacts USING (number) LEFT JOIN sources USING (number)
        ORDER BY contact"""
    write_parquet(part.connection, query, path)
    return len(part.people)


def write_events(part: Part, path: Path) -> int:
    """Write the events in the canonical order, with their meaning; how many there are."""
    meanings, meant = part.meanings, part.meant
    properties = column(part.connection, "SELECT properties FROM part")
    columns = {
        "contact": part.keys[part.contacts],
        "micros": part.instants,
        "id": part.ids,
        "event": _words([*meanings.events])[meant],
        "properties": properties[part.places],
        "signal": meanings.signals[meant],
        "argument": meanings.arguments[meant],
        "score": meanings.scores[meant],
        "alive": part.walked.alive,
        "value": _values(part),
    }
    lend(part.connection, "made", columns)
    labels = texts([signal.label for signal in Signal])
    query = f"""
        SELECT contact::VARCHAR AS contact, make_timestamptz(micros) AS occurred_at,
            id::VARCHAR AS id, event::VARCHAR AS event,
            {labels}[signal + 1] AS signal, argument::INTEGER AS argument,
            CASE WHEN NOT isnan(score) THEN score END AS score, alive,
            {_whole(f"nullif(value, {_NEVER})", 18)} AS value,
            properties::VARCHAR AS properties
        FROM made"""
    write_parquet(part.connection, query, path)
    return len(meant)


def write_traits(part: Part, path: Path) -> int:
    """Write what was said of contacts, in the order of events; how often something was said."""
    import numpy as np

    lend(part.connection, "made", {"step": np.arange(len(part.places)), "place": part.places})
    said = part.connection.execute(
        "SELECT contact, micros, properties FROM made JOIN part ON part.rowid = made.place "
        f"WHERE event = {text(IDENTIFY)} ORDER BY step"
    ).fetchall()
    rows = [
        (contact, micros, trait, None if value is None else trait_text(value))
        for contact, micros, properties in said
        for trait, value in json.loads(properties).items()
    ]
    columns: dict[str, Any] = {
        "step": np.arange(len(rows)),
        "contact": [row[0] for row in rows],
        "micros": np.array([row[1] for row in rows], np.int64),
        "trait": [row[2] for row in rows],
        "value": [row[3] for row in rows],
    }
    lend(part.connection, "traits", columns)
    query = (
        "SELECT contact::VARCHAR AS contact, trait::VARCHAR AS trait, value::VARCHAR AS value, "
        "make_timestamptz(micros) AS occurred_at FROM traits ORDER BY step"
    )
    write_parquet(part.connection, query, path)
    return len(rows)


def _moments(part: Part) -> dict[str, Array]:
    """The moments in columns of numbers."""
    import numpy as np

    records = part.walked.records
    made = records[kernel.MADE].astype(np.uint16)
    step, kind = np.nonzero(made[:, None] >> np.arange(len(_KINDS), dtype=np.uint16) & 1)
    row = records[:, step]
    is_depart = kind == _KINDS.index(MomentKind.DEPART)
    at, silent = _departures(part, row)
    silent &= is_depart
    event = row[kernel.EVENT]
    converts = kind == _KINDS.index(MomentKind.CONVERSION)
    refers, meant = kind == _KINDS.index(MomentKind.REFERRAL), _at(part.meant, event)
    numbered = is_depart | (kind == _KINDS.index(MomentKind.RECIDIVISM))
    return {
        "step": np.arange(len(step)),
        "contact": part.keys[row[kernel.CONTACT]],
        "kind": kind,
        "micros": np.where(is_depart, row[kernel.DEPARTED], at),
        "id": _only(~silent, part.ids, event),
        "before": np.where(converts, row[kernel.BEFORE], _NONE),
        "after": np.where(converts, row[kernel.AFTER], _NONE),
        "left": is_depart & ~silent,
        "silent": silent,
        "said": _only(is_depart & ~silent, _words(part.meanings.reasons), meant),
        "referred": _only(refers, _words(part.meanings.referred), meant),
        "episode": np.where(numbered, row[kernel.EPISODE], _NONE),
    }


def _contacts(part: Part) -> dict[str, Array]:
    """What is so of each contact, in columns of numbers."""
    import numpy as np

    people = part.people
    states = part.walked.states[people]
    presence, stage = states[:, machine.PRESENCE], states[:, machine.STAGE]
    deadlines = part.walked.deadlines[people]
    touched = states[:, machine.LAST_TOUCH]
    opening = _openings(part)
    opened = np.full(len(part.walked.states), _NEVER)
    opened[opening[kernel.CONTACT]] = part.instants[opening[kernel.EVENT]]
    opened = opened[people]
    return {
        "number": people,
        "presence": presence,
        "stage": stage,
        "purchases": states[:, machine.PURCHASES],
        "referrals": states[:, machine.REFERRALS],
        "apostle": states[:, machine.IS_APOSTLE] > 0,
        "touched": np.where(opened == _NEVER, _NEVER, touched),
        "deadline": np.where(deadlines == machine.NEVER, _NEVER, deadlines),
        "opened": opened,
        "episodes": states[:, machine.EPISODES],
        "cases": part.walked.open_cases[people],
        "most": _totals(part, lambda values: values // _PARTS),
        "least": _totals(part, lambda values: values % _PARTS),
    }


def _values(part: Part) -> Array:
    """What each event was worth, in millionths; NEVER where nothing was said."""
    import numpy as np

    values = [_NEVER if value is None else value for value in part.meanings.values]
    return _at(np.array(values, np.int64), part.meant)


def _totals(part: Part, of: Callable[[Array], Array]) -> Array:
    """Of each contact the sum of a part of what its events were worth."""
    import numpy as np

    values = _values(part)
    said = values != _NEVER
    totals = np.zeros(len(part.walked.states), np.int64)
    np.add.at(totals, part.contacts[said], of(values[said]))
    found: Array = totals[part.people]
    return found


def _sum(funnel: Funnel) -> str:
    """The sum of both parts in the currency; null where the funnel names no values."""
    whole = _whole(f"(most::HUGEINT * {_PARTS} + least)", 38)
    return whole if funnel.has_values else "NULL::DECIMAL(38, 6)"


def _whole(millionths: str, digits: int) -> str:
    """What so many millionths are, exactly."""
    exact = f"{millionths}::DECIMAL(31, 0) * 0.000001::DECIMAL(7, 6)"
    return f"({exact})::DECIMAL({digits}, 6)"


def _openings(part: Part) -> Array:
    """The records of the openings: each contact has one at most."""
    records = part.walked.records
    found: Array = records[:, records[kernel.MADE] & machine.OPENING > 0]
    return found


def _departures(part: Part, row: Array) -> tuple[Array, Array]:
    """When the event of each step was, and whether a departure in it was by silence."""
    import numpy as np

    event = row[kernel.EVENT]
    at = np.where(event < 0, part.until + 1, _at(part.instants, event))
    return at, row[kernel.DEPARTED] < at


def _at(column: Array, places: Array) -> Array:
    """The values at some places; of -1 any."""
    import numpy as np

    if not len(column):
        return np.zeros(len(places), column.dtype)
    found: Array = column[np.maximum(places, 0)]
    return found


def _only(there: Array, texts: Array, places: Array) -> Array:
    """Of some rows the texts at their places, and nothing of the others."""
    import numpy as np

    found = np.empty(len(there), object)
    found[there] = texts[places[there]]
    return found


def _words(words: list[str | None]) -> Array:
    """What events say in words, by the numbers of their meanings."""
    import numpy as np

    return np.array(words, dtype=object)


def _lend_sources(part: Part) -> None:
    """Let be read from where each contact came, as its opening event says."""
    import numpy as np

    opening = _openings(part)
    events = opening[kernel.EVENT]
    columns = {"number": opening[kernel.CONTACT], "place": part.places[events]}
    lend(part.connection, "opening", columns)
    found = part.connection.execute(
        "SELECT number, json_extract(properties, '$.source') FROM opening "
        "JOIN part ON part.rowid = opening.place WHERE contains(properties, '\"source\"')"
    ).fetchall()
    said = {written: source_of({"source": json.loads(written)}) for _, written in found if written}
    sources: dict[str, Any] = {
        "number": np.array([number for number, _ in found], np.int64),
        "source": [said.get(written) for _, written in found],
    }
    lend(part.connection, "sources", sources)
