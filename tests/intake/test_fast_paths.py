"""The fast ways through an import, held equal to the plain ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, Tracker, purchase, rating, touch
from motfunnel.domain.instant import instant_text
from motfunnel.errors import EventError
from motfunnel.intake.files.columns import Columns
from motfunnel.intake.files.csv import Header, TextCells
from motfunnel.intake.files.instants import instant_reader, plain_text
from motfunnel.intake.importer import row_reader
from motfunnel.intake.rows import RowReader

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "bought": purchase(), "rated": rating("score")},
)
NAMES = Header(["who", "what", "at", "score", 'é"x', "plan"])


def iso_texts() -> st.SearchStrategy[str]:
    """Instants as people write them, right and wrong."""
    written = st.datetimes(min_value=datetime(900, 1, 1)).map(str)
    parts = st.tuples(
        st.sampled_from(["2024-02-29", "2023-02-29", "2024-13-01", "0999-12-31", "20240229"]),
        st.sampled_from(["T", " ", "", "t"]),
        st.sampled_from(["10:00:00", "24:00:00", "10:00:60", "10:00", ""]),
        st.sampled_from(["", ".5", ".123456", ".1234567", ",5", "."]),
        st.sampled_from(["", "Z", "+00:00", "+02:00", "z", " "]),
    )
    return st.one_of(written, parts.map("".join))


def seconds_texts() -> st.SearchStrategy[str]:
    """Seconds since 1970, and what is none."""
    return st.one_of(
        st.integers(-(10**11), 10**12).map(str),
        st.sampled_from(["", "1.5", "٣", "1e3", " 7", "+7"]),
    )


@given(text=st.one_of(iso_texts(), seconds_texts()), unix=st.booleans())
def test_a_usual_instant_is_what_reading_it_gives(text: str, unix: bool) -> None:
    """An instant that is taken as it stands is stored as it would be had it been read."""
    usual = plain_text(text, unix=unix, latest=instant_text(NOW))
    if usual is not None:
        read = instant_reader("UTC", "unix" if unix else None)(text)
        assert instant_text(read) == usual
        assert read <= NOW


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["ada", "bob", "", "x" * 256, "a\0b"]),
            st.sampled_from(["came", "bought", "rated", "unheard of", "", "$identify"]),
            st.sampled_from(["0", "1700000000", "99999999999", "soon", ""]),
            st.sampled_from(["", "9", " 10 ", "nine"]),
            st.sampled_from(["", "plain", 'quo"ted', "nul\0", "half \ud800", "x" * 70_000]),
            st.sampled_from(["", "pro"]),
        ),
        max_size=6,
    )
)
def test_a_row_of_texts_is_read_as_any_row(rows: list[tuple[str, ...]]) -> None:
    """By places or by names, a row gives the same event, or the same reason why not."""
    columns = Columns(contact="who", event="what", at="at", at_format="unix")
    with Tracker("sqlite://", FUNNEL, clock=lambda: NOW + timedelta(days=1)) as tracker:
        by_place, by_name = (row_reader(tracker, columns) for _ in range(2))
        for row in rows:
            cells = {name: text for name, text in zip(NAMES, row, strict=True) if text}
            assert dict(TextCells(NAMES, row)) == cells
            assert answer(by_place, TextCells(NAMES, row)) == answer(by_name, cells)


def answer(reader: RowReader, cells: TextCells | dict[str, str]) -> object:
    try:
        return reader.read(cells)
    except EventError as error:
        return error.reason
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("name", ["who", "plan"])
def test_cells_are_a_mapping(name: str) -> None:
    """Cells are found by their columns, and empty ones are absent."""
    cells = TextCells(NAMES, ["ada", "came", "0", "", "", ""])
    assert cells.get(name) == {"who": "ada"}.get(name)
    assert len(cells) == 3 and "nowhere" not in cells
