"""One history is the same in every form of file; a file that is none says what to do."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from motfunnel import Tracker
from motfunnel.errors import SourceError
from tests.intake.conftest import FUNNEL, NOW, Write, ids, rejects, stored, take

ROWS = [
    {"who": "ada", "what": "seen", "when": "2024-01-01T10:00:00", "note": "é, “x”"},
    {"who": "bob", "what": "bought", "when": "2024-01-02T10:00:00", "note": ""},
    {"who": "bob", "what": "bought", "when": "2024-01-02T10:00:00", "note": ""},
]
CSV = "who,what,when,note\n" + "".join(
    ",".join(f'"{cell}"' for cell in row.values()) + "\n" for row in ROWS
)
JSON = "".join(json.dumps({k: v or None for k, v in row.items()}) + "\n" for row in ROWS)
TSV = "who\twhat\twhen\tnote\n" + "".join(
    "\t".join(f'"{cell}"' for cell in row.values()) + "\n" for row in ROWS
)
FORMS = {
    "events.csv": CSV.encode(),
    "events.csv.gz": gzip.compress(CSV.encode()),
    "packed.csv": gzip.compress(CSV.encode()),
    "bom.csv": CSV.encode("utf-8-sig"),
    "crlf.csv": CSV.replace("\n", "\r\n").encode(),
    "events.tsv": TSV.encode(),
    "events.jsonl": JSON.encode(),
    "events.ndjson.gz": gzip.compress(JSON.encode()),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_tells_the_same(lite: Tracker, write: Write, name: str) -> None:
    """Packed or not, with a byte order mark or Windows' line ends, rows and ids are the same."""
    take(lite, write(FORMS["events.csv"], "events.csv"))
    before = stored(lite)
    assert len(before) == 3
    assert take(lite, write(FORMS[name], name)).added == 0
    assert stored(lite) == before


def test_parquet_tells_the_same(tracker: Tracker, write: Write, tmp_path: Path) -> None:
    """A typed instant is the one that the text writes."""
    take(tracker, write(CSV))
    told = {row[:3] for row in stored(tracker)}
    columns = {name: [row[name] or None for row in ROWS] for name in ROWS[0]}
    instants = [datetime.fromisoformat(str(when)) for when in columns["when"]]
    table = pyarrow.table(columns | {"when": pyarrow.array(instants, pyarrow.timestamp("us"))})
    parquet.write_table(table, tmp_path / "events.parquet")
    take(tracker, tmp_path / "events.parquet")
    assert {row[:3] for row in stored(tracker)} == told


def test_an_instant_that_is_read_otherwise(tracker: Tracker, write: Write) -> None:
    """A file imported again in another zone adds nothing: its rows contradict, and say so."""
    naive = "who,what,when\nada,seen,2024-01-01 10:00:00\n"
    assert take(tracker, write(naive)).added == 1
    again = take(tracker, write(naive), timezone="Europe/Berlin")
    assert (again.added, again.rejected) == (0, 1)
    assert "other content" in again.reasons[0][1]


def test_types_stay(lite: Tracker, write: Write, tmp_path: Path) -> None:
    """JSON and Parquet keep numbers and lists; texts stay texts; null is absent."""
    row = {
        "who": 7,
        "what": "seen",
        "when": "2024-01-01",
        "n": 1,
        "f": 0.5,
        "b": True,
        "l": [1],
        "z": None,
    }
    take(lite, write(json.dumps(row) + "\n", "a.jsonl"))
    assert stored(lite) == [
        ("7", "seen", datetime(2024, 1, 1, tzinfo=UTC), {"n": 1, "f": 0.5, "b": True, "l": [1]})
    ]
    table = pyarrow.Table.from_pylist([row])
    parquet.write_table(table, tmp_path / "a.parquet")
    assert take(lite, tmp_path / "a.parquet").duplicates == 1


def test_what_json_has_not_becomes_text(lite: Tracker, tmp_path: Path) -> None:
    """Dates and decimals of Parquet are written out; bytes are rejected."""
    day = datetime(2024, 1, 1, 5, tzinfo=UTC)
    rows = [
        {
            "who": "ada",
            "what": "seen",
            "when": day.date(),
            "at": day,
            "cost": Decimal("1.10"),
            "raw": None,
        },
        {"who": "ada", "what": "seen", "when": day.date(), "at": None, "cost": None, "raw": b"x"},
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    imported = take(lite, tmp_path / "a.parquet")
    assert (imported.added, imported.rejected) == (1, 1)
    assert stored(lite)[0][3] == {"at": "2024-01-01T05:00:00+00:00", "cost": "1.10"}
    assert rejects(lite)[0].line == 2


def test_nanoseconds_are_never_rounded(lite: Tracker, tmp_path: Path) -> None:
    """A timestamp finer than a microsecond is rejected, one that is not is taken."""
    nanos = pyarrow.array(
        [1_704_067_200_000_001_000, 1_704_067_200_000_000_001], pyarrow.timestamp("ns")
    )
    table = pyarrow.table({"who": ["ada", "bob"], "what": ["seen", "seen"], "when": nanos})
    parquet.write_table(table, tmp_path / "a.parquet")
    imported = take(lite, tmp_path / "a.parquet")
    assert (imported.added, imported.rejected) == (1, 1)
    assert stored(lite)[0][2] == datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert "finer than a microsecond" in rejects(lite)[0].reason


def test_bad_json_lines_are_rejected(tracker: Tracker, write: Write) -> None:
    """What is no object, no JSON, or holds what no database keeps, each by its line."""
    lines = [
        '{"who":"ada","what":"seen","when":"2024-01-01"}',
        "",
        "[1]",
        "{nonsense",
        '{"who":"ada","what":"seen","when":"2024-01-01","x":NaN}',
        '{"who":"a\\ud800","what":"seen","when":"2024-01-01"}',
        '{"who":"ada","what":"seen","when":"2024-01-01","x":"\\u0000"}',
        '{"who":"ada","what":"seen","when":1704067200}',
        '{"who":true,"what":"seen","when":"2024-01-01"}',
        '{"who":["ada"],"what":["seen"],"when":["2024"]}',
        '{"who":"ada","what":"seen","when":"2024-01-01","x":18446744073709551616}',
        "[" * 100_000,
        '{"who":"ada","what":"seen","when":"2024-01-01","x":"\\\\u0000"}',
    ]
    imported = take(tracker, write("\n".join(lines), "a.jsonl"))
    assert (imported.rows, imported.added) == (12, 2)
    assert [reject.line for reject in rejects(tracker)] == list(range(3, 13))


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("a.csv", "who,what,when\n", {"contact": "Who "}, "Did you mean --contact 'who'"),
        ("a.csv", "who,what,when\n", {"at": "zzz"}, "it has 'who', 'what', 'when'"),
        ("a.csv", "who,what,when\n", {"at": "who"}, "both name the column 'who'"),
        ("a.csv", "who,what,when\n", {"timezone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ("a.csv", "who,what,when\n", {"at_format": "ISO8601"}, "not a form of an instant"),
        ("a.csv", "who,what,when\n", {"delimiter": "ab"}, "not one usable character"),
        ("a.csv", "who,what,when,who\n", {}, "2 columns named 'who'"),
        ("a.csv", "", {}, "is empty"),
        ("a.csv", '"who,what', {}, "header"),
        ("a.csv.gz", gzip.compress(CSV.encode() * 100)[:-20], {}, "damaged gzip"),
        ("a.csv", "who,what,when,caf\xe9\n".encode("latin-1"), {}, "--encoding cp1252"),
        ("a.csv", CSV.encode("utf-16")[:-1], {}, "cannot be read as utf-16"),
        ("a.csv", CSV, {"encoding": "utf-99"}, "no encoding 'utf-99'"),
        ("a.csv", b"PK\x03\x04rest", {}, "ZIP"),
        ("a.csv", b"\x00\x01\x02\n", {}, "is not text"),
        ("a.xyz", CSV, {}, "--file-format"),
        ("a.jsonl", "who,what\n", {}, "not a file of JSON lines"),
        ("a.parquet", "nonsense", {}, "no readable Parquet"),
    ],
)
def test_a_file_that_cannot_be_read(
    lite: Tracker,
    write: Write,
    name: str,
    content: str | bytes,
    options: dict[str, str],
    words: str,
) -> None:
    """It says what to type instead, and nothing is written."""
    with pytest.raises(SourceError) as caught:
        take(lite, write(content, name), **options)
    assert words in str(caught.value)
    assert ids(lite) == set()


def test_a_missing_file(lite: Tracker, tmp_path: Path) -> None:
    """It is named."""
    for name in ("gone.csv", "gone", "gone.parquet"):
        with pytest.raises(SourceError, match="there is no file"):
            take(lite, tmp_path / name)


def test_a_header_alone(lite: Tracker, write: Write) -> None:
    """A file of no rows is imported."""
    assert take(lite, write("who,what,when\n")).rows == 0


def test_a_format_can_be_said(lite: Tracker, write: Write) -> None:
    """Where the name does not say it; and the delimiter likewise."""
    path = write("who;what;when\nada;seen;2024-01-01\n", "export.dat")
    assert take(lite, path, file_format="csv", delimiter=";").added == 1


def test_contacts_are_what_the_host_makes_of_them(tmp_path: Path, write: Write) -> None:
    """A tracker's own key function is applied to the cells too."""
    url = f"sqlite:///{tmp_path}/keys.db"
    with Tracker(url, FUNNEL, contact_key=lambda c: str(c).lower(), clock=lambda: NOW) as tracker:
        take(tracker, write("who,what,when\nADA,seen,2024-01-01\n"))
        assert {who for who, _ in ids(tracker)} == {"ada"}


def test_whatever_is_contradicted_is_rejected(tracker: Tracker, write: Write) -> None:
    """Rows that were alike, and are beaten by an earlier one of their id, are all rejected."""
    row = "ann,seen,2024-01-02,1\n"
    written = write("who,what,when,eid\n" + row + row + "ann,seen,2024-01-01,1\n")
    done = take(tracker, written, id="eid")
    assert (done.added, done.rejected) == (1, 2)


def test_rejects_cost_no_other_file(lite: Tracker, write: Write) -> None:
    """Rejects are not written over the file that they come from."""
    written = write("who,what,when\nann,seen,never\n")
    with pytest.raises(SourceError, match="overwrite"):
        take(lite, written, rejects=written)
