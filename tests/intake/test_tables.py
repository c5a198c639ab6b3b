"""Tables that are no logs of events: several dates in a row, several rows of an order, and CRMs."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from motfunnel import Funnel, Tracker, note, purchase, rating, reach, touch
from motfunnel.errors import SourceError
from motfunnel.intake import import_file, retry_rejects
from tests.intake.conftest import NOW, Write, rejects, stored

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,"
    "Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,"
    "Notes,Note Attributes,Cancelled at,Payment Method,Refunded Amount,Vendor,Id,Tags,Risk Level,"
    "Source,Lineitem discount"
)
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Lead Status,Lifecycle Stage,Create Date,"
    "Became a Lead Date,Became an Opportunity Date,Became a Customer Date,Original Source"
)


def table(header: str, *rows: dict[str, str]) -> str:
    """CSV with these columns."""
    file = io.StringIO()
    writer = csv.DictWriter(file, header.split(","), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def order(number: int, **said: str) -> dict[str, str]:
    """The first row of an order."""
    at = f"2025-01-0{number} 10:00:00 +0100"
    own = {"Name": f"#100{number}", "Email": "ada@example.com", "Id": f"77{number}",
           "Total": "40.00", "Financial Status": "paid", "Created at": at, "Lineitem name": "Tea",
           "Lineitem quantity": "1", "Lineitem price": "20.00"}  # fmt: skip
    return own | {key.replace("_", " "): value for key, value in said.items()}


def more(number: int, name: str, **said: str) -> dict[str, str]:
    """A row that continues an order."""
    own = {"Name": f"#100{number}", "Email": "ada@example.com", "Lineitem name": name,
           "Lineitem quantity": "2", "Lineitem price": "10.00"}  # fmt: skip
    return own | said


def test_orders_of_a_shop(lite: Tracker, write: Write) -> None:
    """One event of each order, whatever it holds; one more, where it was cancelled."""
    orders = [
        order(1), more(1, "Pot"), more(1, "Cup", Name=""),
        order(2, Cancelled_at="2025-01-03 00:00:00 +0100"),
    ]  # fmt: skip
    told = import_file(lite, write(table(SHOPIFY, *orders)), like="shopify")
    assert (told.rows, told.added, told.rejected) == (3, 3, 0)
    assert "items of orders on lines of their own: 2" in told.remarks
    events = stored(lite)
    assert [name for _, name, *_ in events] == ["order_cancelled", "order_placed", "order_placed"]
    (placed,) = (said for *_, said in events if said["Name"] == "#1001")
    assert placed["Total"] == "40.00"
    assert [item["name"] for item in placed["Lineitems"]] == ["Tea", "Pot", "Cup"]
    # A later export, when more has happened to the same orders, brings only what is new.
    orders[0] |= {"Financial Status": "refunded", "Cancelled at": "2025-01-05 00:00:00 +0100"}
    told = import_file(lite, write(table(SHOPIFY, *orders, order(4))), like="shopify")
    assert (told.added, told.duplicates, told.rejected) == (2, 3, 0)


def test_contacts_of_a_crm(write: Write) -> None:
    """The dates of the stages are events; who has no address is a number."""
    funnel = Funnel(
        stages=("visitor", "lead", "customer"),
        rules={
            "Create Date": touch(),
            "Became a Lead Date": reach("lead"),
            "Became a Customer Date": purchase(),
        },
    )
    rows = [
        {"Record ID": "101", "Email": "ada@example.com", "Create Date": "2025-01-01 09:14",
         "Became a Lead Date": "2025-01-02 09:14", "Became a Customer Date": "2025-01-20 10:00",
         "Original Source": "Organic Search", "Lifecycle Stage": "Customer"},
        {"Record ID": "102", "Create Date": "2025-01-03 00:00"},
        {"Record ID": "103", "Email": "eve@example.com"},
    ]  # fmt: skip
    with Tracker("sqlite://", funnel, clock=lambda: NOW) as tracker:
        told = import_file(tracker, write(table(HUBSPOT, *rows)), like="hubspot")
        assert (told.added, told.rejected) == (4, 1)
        assert "none of the dates" in told.reasons[0][1]
        kinds = [moment.kind.value for moment in tracker.moments("ada@example.com")]
        assert kinds == ["opening", "conversion", "conversion"]
        assert {who for who, *_ in stored(tracker)} == {"ada@example.com", "102"}
        rows[0] |= {"Lifecycle Stage": "Evangelist"}
        again = import_file(tracker, write(table(HUBSPOT, *rows)), like="hubspot")
        assert (again.added, again.duplicates) == (0, 4)


def test_a_row_of_several_dates_on_every_database(tracker: Tracker, write: Write) -> None:
    """Each is an event; its rejects are as many, and are counted one by one."""
    path = write("who,signed,bought,plan\nada,2025-01-01,2025-01-05,pro\nbob,soon,later,\n")
    wide: Any = {"contact": "who", "wide": ("signed", "bought")}
    told = import_file(tracker, path, **wide)
    assert (told.rows, told.added, told.rejected) == (4, 2, 2)
    assert [(what, when, said) for _, what, when, said in stored(tracker)] == [
        ("bought", datetime(2025, 1, 5, tzinfo=UTC), {"plan": "pro"}),
        ("signed", datetime(2025, 1, 1, tzinfo=UTC), {"plan": "pro"}),
    ]
    assert len(rejects(tracker)) == 2
    later = write("who,signed,bought,plan\nada,2025-01-01,2025-01-05,free\n")
    assert import_file(tracker, later, **wide).duplicates == 2


def test_dates_of_a_row_are_tried_again(tracker: Tracker, write: Write) -> None:
    """Each by itself, under the name and the id that it would have had."""
    path = write("who,signed,bought\nada,01|02|2025,05|03|2025\nbob,03|02|2025,soon\n")
    wide: Any = {"contact": "who", "wide": ("signed", "bought")}
    assert import_file(tracker, path, **wide).rejected == 4
    again = retry_rejects(tracker, at_format="%d|%m|%Y")
    assert (again.rows, again.added, again.rejected) == (4, 3, 1)
    [left] = rejects(tracker)
    assert "soon" in left.reason
    assert [(who, what, when) for who, what, when, _ in stored(tracker)] == [
        ("ada", "bought", datetime(2025, 3, 5, tzinfo=UTC)),
        ("ada", "signed", datetime(2025, 2, 1, tzinfo=UTC)),
        ("bob", "signed", datetime(2025, 2, 3, tzinfo=UTC)),
    ]
    told = import_file(tracker, path, at_format="%d|%m|%Y", **wide)
    assert (told.added, told.duplicates, told.rejected) == (0, 3, 1)


def test_columns_that_are_none_or_too_many(lite: Tracker, write: Write) -> None:
    """The message says what to leave out, and what there is."""
    path = write("who,signed\nada,2025-01-01\n")
    with pytest.raises(SourceError, match="'sinned' for --wide; there are 'who', 'signed'"):
        import_file(lite, path, contact="who", wide=("sinned",))
    with pytest.raises(SourceError, match="leave out at"):
        import_file(lite, path, contact="who", at="signed", wide=("signed",))


def test_the_lines_of_an_order_are_one_event(lite: Tracker, write: Write) -> None:
    """Wherever they stand."""
    rows = ["ada,bought,2025-01-01,b1,tea", "bob,bought,2025-01-01,b2,pot",
            "ada,bought,2025-01-01,b1,cup"]  # fmt: skip
    path = write("who,what,when,basket,item\n" + "\n".join(rows) + "\n")
    columns: Any = {"contact": "who", "event": "what", "at": "when"}
    told = import_file(lite, path, once_per="basket", **columns)
    assert (told.rows, told.added, told.duplicates, told.rejected) == (3, 2, 1, 0)
    assert {said["item"] for *_, said in stored(lite)} == {"tea", "pot"}


VISIT: dict[str, Any] = {
    "idSite": "1", "idVisit": "2199", "visitIp": "192.0.2.0", "visitorId": "ab12", "userId": None,
    "serverTimestamp": 1524676960, "referrerName": "Search", "referrerUrl": "",
    "browserIcon": "plugins/x.png", "goalConversions": 1,
    "actionDetails": [
        {"type": "action", "url": "https://example.com/", "pageTitle": "Home", "icon": None,
         "serverTimePretty": "Apr 25, 2018 17:22:38", "timestamp": 1524676958},
        {"type": "event", "eventCategory": "Account", "eventAction": "signed up",
         "timestamp": 1524676959},
        {"type": "goal", "goalName": "Trial", "goalId": 1, "revenue": 0},
        {"type": "ecommerceOrder", "orderId": "o-1", "revenue": 40, "timestamp": 1524676961,
         "itemDetails": [{"itemSKU": "t"}]},
    ],
}  # fmt: skip


def test_visits_of_matomo(lite: Tracker, write: Write) -> None:
    """Each action is an event; a visit without any is said to be none."""
    left = {"idVisit": "2201", "userId": "ada", "actionDetails": [{"type": "outlink"}]}
    visits = [VISIT, VISIT | {"idVisit": "2200", "actionDetails": []}, VISIT | left]
    told = import_file(lite, write(json.dumps(visits), "visits.json"), like="matomo")
    assert (told.added, told.rejected, told.reasons[0][1]) == (5, 1, "it holds no event")
    events = [(who, what) for who, what, *_ in stored(lite)]
    assert events == [
        ("ab12", "Trial"), ("ab12", "action"), ("ab12", "ecommerceOrder"), ("ab12", "signed up"),
        ("ada", "outlink"),
    ]  # fmt: skip
    (said,) = (said for _, what, _, said in stored(lite) if what == "action")
    assert said == {
        "idSite": "1", "idVisit": "2199", "serverTimestamp": 1524676960, "referrerName": "Search",
        "goalConversions": 1, "kind": "action", "url": "https://example.com/", "pageTitle": "Home",
    }  # fmt: skip


def test_touchpoints_and_groups_may_lie_deeper(write: Write) -> None:
    """In the file under any name; in a question by a path."""
    funnel = Funnel(
        stages=("visitor", "customer"), rules={"rated": rating("score"), "seen": note()}
    )
    row = {"contact": "ada", "event": "seen", "at": "2025-01-01",
           "answer": {"place": "checkout", "marks": {"real": "3", "hoped": 8},
                      "branch": "north"}}  # fmt: skip
    with Tracker("sqlite://", funnel, clock=lambda: NOW) as tracker:
        import_file(
            tracker,
            write(json.dumps(row) + "\n", "a.jsonl"),
            touchpoint="answer.place",
            experienced="answer.marks.real",
            expected="answer.marks.hoped",
        )
        answer = tracker.report().touchpoints(by="property:answer.branch")
        text = str(answer)
        assert "checkout" in text and "north" in text
        assert answer.rows[0].gap == -5


def test_a_list_on_one_line_is_taken_up_where_it_was(lite: Tracker, write: Write) -> None:
    """Its rows all begin on line 1, and are counted one by one all the same."""
    from motfunnel.intake import importer

    rows = [{"contact": f"c{n}", "event": "seen", "at": "2025-01-01" if n % 7 else "bad"}
            for n in range(1, 60)]  # fmt: skip
    path = write(json.dumps(rows), "a.json")

    class Killed(Exception):
        pass

    def die(what: str, done: int) -> None:
        if done == 20:
            raise Killed

    before = importer.AT_ONCE
    importer.AT_ONCE = 10  # type: ignore[misc]
    try:
        with pytest.raises(Killed):
            import_file(lite, path, progress=die)
        told = import_file(lite, path)
    finally:
        importer.AT_ONCE = before  # type: ignore[misc]
    assert (told.rows, told.added, told.rejected, told.resumed_after) == (59, 51, 8, 1)
    assert len(rejects(lite)) == 8
