"""On large tables a page of the admin touches a bounded number of rows, whatever is asked."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from motfunnel import Tracker
from motfunnel.integrations.django.addresses import write
from motfunnel.integrations.django.admin.paging import ROWS

CONTACTS = 100_000
EVENTS_EACH = 3
OF_ONE = 25_000  # events of a single contact: more than one list looks through
BUSY = "contact050000"
PAGE = 100

NUMBERS = {
    "postgresql": "(SELECT n FROM generate_series(1, {0}) AS n) AS numbers",
    "mysql": "(SELECT seq AS n FROM seq_1_to_{0}) AS numbers",
}
LPAD = "concat('contact', lpad({0}, 6, '0'))"
AT = "'2026-01-01 00:00:00'"

ASKED = [
    ("contact", {}),
    ("contact", {"p": "50"}),
    ("contact", {"p": "100"}),
    ("contact", {"presence": "unknown"}),  # there is none
    ("contact", {"presence": "departed"}),
    ("contact", {"q": "contact09"}),
    ("contact", {"q": "contact099999"}),
    ("contact", {"q": "nobody"}),
    ("contact", {"from": write(("contact090000",)), "presence": "unknown"}),
    ("event", {}),
    ("event", {"signal": "complain"}),  # there is none
    ("event", {"q": BUSY, "signal": "complain"}),
    ("event", {"from": write((BUSY, "2000")), "p": "90"}),
    ("moment", {"moment": "apostle"}),  # there is none
    ("moment", {"q": "contact0"}),
    ("moment", {"from": write(("contact070000", 0))}),
    ("reject", {}),
    ("reject", {"from": write(("id050000",))}),
]


def fill() -> None:
    """Rows as the tracker would have left them, made by the database itself."""
    numbers = NUMBERS[connection.vendor]
    signal = connection.ops.quote_name("signal")
    key = LPAD.format("cast(n AS char(6))")
    busy = f"SELECT 'default', '{BUSY}', concat('2', lpad(cast(n AS char(6)), 6, '0'))"
    made = f"'Signed Up', {AT}, {AT}, 'reach', '{{}}', true FROM"
    statements = [
        "INSERT INTO motfunnel_contacts (tenant, contact, fingerprint, known, presence, stage,"
        " purchases, referrals, apostle, open_cases, episodes, outreaches, moments, aliases,"
        f" deadline_at) SELECT 'default', {key}, 'f', true, 'active', 'user', 0, 0, false,"
        f" '[]', 0, 0, 0, 0, '2999-01-01 00:00:00' FROM {numbers.format(CONTACTS)}",
        *(
            f"INSERT INTO motfunnel_events (tenant, contact, id, event, occurred_at, recorded_at,"
            f" {signal}, properties, alive) SELECT 'default', {key}, '{each}', {made}"
            f" {numbers.format(CONTACTS)}"
            for each in range(EVENTS_EACH)
        ),
        f"INSERT INTO motfunnel_events (tenant, contact, id, event, occurred_at, recorded_at,"
        f" {signal}, properties, alive) {busy}, {made} {numbers.format(OF_ONE)}",
        "INSERT INTO motfunnel_moments (tenant, contact, ordinal, moment, occurred_at)"
        f" SELECT 'default', {key}, 0, 'opening', {AT} FROM {numbers.format(CONTACTS)}",
        "INSERT INTO motfunnel_rejects (tenant, id, recorded_at, source, reason, payload)"
        f" SELECT 'default', concat('id', lpad(cast(n AS char(6)), 6, '0')), {AT}, 's', 'r', '1'"
        f" FROM {numbers.format(CONTACTS)}",
    ]
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        for table in ("contacts", "events", "moments", "rejects"):
            verb = "ANALYZE TABLE" if connection.vendor == "mysql" else "VACUUM ANALYZE"
            cursor.execute(f"{verb} motfunnel_{table}")


def touched(statement: str) -> int:
    """How many rows of our tables the database looked at to answer."""
    verb = (
        "ANALYZE FORMAT=JSON" if connection.vendor == "mysql" else "EXPLAIN (ANALYZE, FORMAT JSON)"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{verb} {statement}")
        plan = cursor.fetchone()[0]
    nodes = list(walk(plan if isinstance(plan, list) else json.loads(plan)))
    looked = [looked_at(node) for node in nodes]
    assert any(one is not None for one in looked), plan
    return max(one for one in looked if one is not None)


def looked_at(node: dict[str, Any]) -> int | None:
    if "table_name" in node and "r_rows" in node:
        return int((node["r_rows"] or 0) * node.get("r_loops", 1))
    if "Relation Name" not in node:
        return None
    rows: float
    dropped = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    rows = node["Actual Rows"] + sum(node.get(one, 0) for one in dropped)
    return int(rows * node["Actual Loops"])


def walk(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, list):
        for one in plan:
            yield from walk(one)
    elif isinstance(plan, dict):
        yield plan
        for one in plan.values():
            yield from walk(one)


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_pages_of_large_tables(tracker: Tracker) -> None:
    """A list looks at the rows of one window at most, and a story at those of its contact."""
    fill()
    client = Client()
    client.force_login(User.objects.create_superuser("grace"))
    for path, asked in ASKED:
        ours = asked_of_us(client, f"/admin/motfunnel/{path}/", asked, f"motfunnel_{path}s")
        assert len(ours) == 3, ours  # where it ends, how many rows there are, and a page of them
        for statement in ours:
            assert touched(statement) <= ROWS + PAGE + 1, (path, asked, statement)
    story = f"/admin/motfunnel/contact/{write(('contact000007',))}/change/"
    for statement in asked_of_us(client, story, {}, "motfunnel_"):
        assert touched(statement) <= EVENTS_EACH, statement


def asked_of_us(client: Client, path: str, asked: dict[str, str], table: str) -> list[str]:
    """What a page asks of our tables through Django."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path, asked).status_code == 200
    statements = [one["sql"] for one in queries if table in one["sql"]]
    assert statements
    return statements
