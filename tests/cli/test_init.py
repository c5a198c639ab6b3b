"""`motfunnel init` looks at a file, and the command that it prints imports it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from motfunnel import Funnel
from tests.cli.conftest import Run

FILES: dict[str, tuple[bytes, int, tuple[str, ...]]] = {
    "own.csv": (
        b"contact,event,occurred_at,id\nada,signed_up,2025-01-05T10:00:00Z,1\n"
        b"ada,order_placed,2025-01-06T10:00:00Z,2\n",
        2,
        ('signed_up = { reach = "lead" }', 'order_placed = "purchase"'),
    ),
    "shop.csv": (
        "Kunde;event;Date\nzo\xeb@x.org;unsubscribed;05.01.2025 10:00\n".encode("cp1252"),
        1,
        ('unsubscribed = "leave"',),
    ),
    "excel.csv": (b"sep=;\r\nemail;event;time\r\na@x.org;login;45662.52\r\n", 1, ("login",)),
    "orders.csv": (
        b"Order ID,Customer Email,Created at,Total\n1,a@x.org,2025-01-05 10:00:00 +0100,12\n",
        1,
        ('orders = "purchase"',),
    ),
    "clicks.tsv": (
        "user_id\taction\tts\n17\tticket opened\t1735700000123\n".encode("utf-16"),
        1,
        ('"ticket opened" = "complain"',),
    ),
    "crm.txt": (
        b"Contact ID|Activity|Date\n5|Demo booked|02/13/2025\n",
        1,
        ('"Demo booked" = { reach = "lead" }',),
    ),
    "transactions.csv": (
        b"household_id,basket_id,transaction_timestamp\n7,1,2017-01-01T10:00:00Z\n",
        1,
        ('transactions = "purchase"',),
    ),
    "crm.csv": (
        b"Record ID,Email,Create Date,Became a Customer Date\n1,a@x.org,2025-01-01,2025-02-01\n",
        2,
        ('"Create Date" = "touch"', '"Became a Customer Date" = "purchase"'),
    ),
    "array.json": (
        json.dumps([{"user": "ada", "action": "zzz", "time": 1735700000.1234567}]).encode(),
        1,
        ('# zzz = "note"',),
    ),
    "export.jsonl": (
        b'{"event":"Purchase","properties":{"time":1735700000,"distinct_id":"ada"}}\n'
        b'{"event":"Sent","properties":{"time":1735700000,"distinct_id":"b","$insert_id":"i"}}\n',
        1,
        ('Purchase = "purchase"', 'Sent = "note"'),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_printed_command_imports(run: Run, name: str) -> None:
    """The funnel is usable, and nothing is imported before the command is given."""
    content, added, rules = FILES[name]
    Path(name).write_bytes(content)
    told = run("init", name, "--funnel", "mine.toml", "--db", "sqlite:///first.db").stdout
    assert not Path("first.db").exists()
    written = Path("mine.toml").read_text("utf-8")
    assert all(rule in written for rule in rules), written
    assert Funnel.from_toml("mine.toml").stages
    (command,) = (line for line in told.splitlines() if line.startswith("  motfunnel import"))
    code = 1 if name == "export.jsonl" else 0  # one event without an id
    assert f" {added} added" in run(*shlex.split(command)[1:], code=code).stdout


def test_a_funnel_that_is_there_stays(run: Run) -> None:
    """What somebody has written is not written over."""
    Path("funnel.toml").write_text("mine", "utf-8")
    Path("own.csv").write_bytes(FILES["own.csv"][0])
    assert "stays as it is" in run("init", "own.csv").stdout
    assert Path("funnel.toml").read_text("utf-8") == "mine"


def test_what_cannot_be_guessed_is_asked_for(run: Run) -> None:
    """With the options to say it, and the columns that there are; nothing is written."""
    Path("odd.csv").write_text("a,b\n1,2\n", "utf-8")
    told = run("init", "odd.csv", "--funnel", "odd.toml", code=1)
    assert "--contact COLUMN --at COLUMN" in told.stderr
    assert "columns  a, b" in told.stdout
    assert not Path("odd.toml").exists()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("who,event,created_at\nada,a,2025-01-01\nbob,b,soon\n", "'created_at' is not taken"),
        ("who,event,at,id\nada,a,2025-01-01,7\nbob,b,2025-01-02,7\n", "'id' is not taken"),
        ("user_id,event,at\n,a,2025-01-01\n,b,2025-01-02\n", "'user_id' is not taken"),
    ],
)
def test_a_column_that_is_not_what_its_name_says(run: Run, rows: str, told: str) -> None:
    """Whoever wonders why it was passed over is told."""
    Path("odd.csv").write_text(rows, "utf-8")
    assert told in run("init", "odd.csv", code=0 if "id\n" in rows else 1).stdout
