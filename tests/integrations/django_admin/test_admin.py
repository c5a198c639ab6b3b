"""The admin shows what is stored, to those who may see it, and changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse

import motfunnel
from motfunnel import Funnel, Tracker
from motfunnel.integrations.django import addresses, models
from motfunnel.integrations.django.addresses import beyond, shown, write
from motfunnel.integrations.django.admin import PAGES, register
from motfunnel.integrations.django.admin import paging as window
from motfunnel.integrations.django.contacts import story_url

LISTS = [f"/admin/motfunnel/{model._meta.model_name}/" for model in PAGES]
HOSTILE = [
    "<script>alert(1)</script>",
    "a/b/../c",
    "..",
    ".",
    "100%",
    "%2e%2e%2f",
    "two\nlines\r\n\t",
    "x" * 255,
    "😀" * 255,
    "trailing ",
    "  leading",
    "?q=1&p=2#top",
    "\"'><img src=x onerror=alert(1)>",
    "_40_2E",
    "\u202eevil",
    "{{ 7|add:7 }}",
    "\\",
    "\x7f",
    "add",
    "Zoë",
    "\U0010ffff",
    "\ud7ff",
]
HOUR = timedelta(hours=1)

only_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture
def staff(migrated: str) -> Client:
    """A browser in which somebody who may do everything is logged in."""
    return logged_in(User.objects.create_superuser("grace", password="secret"))


def logged_in(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


def one_who_may(*permissions: str) -> Client:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return logged_in(user)


def story(key: str) -> str:
    return f"/admin/motfunnel/contact/{write((key,))}/change/"


def page(response: Any) -> BeautifulSoup:
    assert response.status_code == 200, response
    return BeautifulSoup(response.content, "html.parser")


def cells(found: BeautifulSoup) -> list[list[str]]:
    """The table of a list, by rows."""
    rows = found.select("#result_list tbody tr")
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in rows]


def table(found: BeautifulSoup, caption: str) -> list[list[str]]:
    """A table of a page, by rows."""
    (title,) = [one for one in found.select("table caption") if one.get_text() == caption]
    rows = title.find_next_sibling("tbody").find_all("tr")  # type: ignore[union-attr]
    return [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in rows]


def test_it_is_listed(staff: Client) -> None:
    """The admin's first page lists what there is, under a name of its own, for viewing only."""
    found = page(staff.get("/admin/"))
    (module,) = found.select(".app-motfunnel")
    assert [one.get_text(strip=True) for one in module("caption")] == ["Moments of truth"]
    links = [link.get_text(strip=True) for link in module.select("tr a")]
    assert links == [
        label
        for name in ("Contacts", "Events", "Funnels", "Moments", "Rejects")
        for label in (name, "View")
    ]


@only_sqlite
def test_only_for_those_who_may_view(tracker: Tracker) -> None:
    """Somebody sees what they have Django's permission to view, and nothing else."""
    tracker.track("ada@example.com", "Signed Up", id="1")
    client = one_who_may("view_contact", "add_event", "delete_event")
    links = [link["href"] for link in page(client.get("/admin/")).select(".app-motfunnel a")]
    assert set(links) == {"/admin/motfunnel/", "/admin/motfunnel/contact/"}
    assert [client.get(one).status_code for one in LISTS] == [200, 403, 403, 403, 403]
    event = f"/admin/motfunnel/event/{write(('ada@example.com', '1'))}/change/"
    assert client.get(event).status_code == 403
    found = page(client.get(story("ada@example.com")))
    assert "Events" not in found.get_text()
    assert not found.select(f'a[href="{event}"]')
    assert client.get(story("nobody@example.com")).status_code == 302


@only_sqlite
def test_not_for_strangers(tracker: Tracker) -> None:
    """Who is not logged in, or is no member of the staff, is sent to the login page."""
    tracker.track("ada@example.com", "Signed Up")
    for client in (Client(), logged_in(User.objects.create_user("eve"))):
        for path in (*LISTS, story("ada@example.com")):
            assert client.get(path)["Location"].startswith("/admin/login/")


@only_sqlite
def test_nothing_can_be_changed(tracker: Tracker, staff: Client) -> None:
    """There is no page that adds, changes or deletes, and no form that would."""
    tracker.track("ada@example.com", "Signed Up")
    for model in PAGES:
        for action in ("add", "delete", "history"):
            with pytest.raises(NoReverseMatch):
                reverse(f"admin:motfunnel_{model._meta.model_name}_{action}", args=["1"])
    before = list(models.Contact.objects.values())
    for path in (*LISTS, story("ada@example.com")):
        found = page(staff.get(path))
        assert not found.select("#content input[type=checkbox], #content [name=action]")
        assert not found.select("a.addlink[href*=motfunnel], a.deletelink, [name=_save]")
        given = {"action": "delete_selected", "_selected_action": "1", "_save": "1", "stage": "x"}
        staff.post(path, given)
    assert list(models.Contact.objects.values()) == before


def test_lists(tracker: Tracker, staff: Client) -> None:
    """Each list shows its rows, in the order of their keys."""
    at = datetime.now(UTC) - 3 * HOUR
    tracker.track("bob@example.com", "Signed Up", id="1", occurred_at=at)
    tracker.track("ada@example.com", "Signed Up", id="1", occurred_at=at)
    tracker.on_error = "log"
    tracker.track("ada@example.com", "x" * 256)
    rows = {path: cells(page(staff.get(path))) for path in LISTS}
    contacts, events, moments, rejects, funnels = (rows[path] for path in LISTS)
    assert [row[:3] for row in contacts] == [
        ["ada@example.com", "active", "user"],
        ["bob@example.com", "active", "user"],
    ]
    assert [row[:2] for row in events] == [[row[0], "Signed Up"] for row in contacts]
    assert [row[1] for row in moments] == ["opening", "conversion"] * 2
    assert "256 characters" in rejects[0][1]
    assert len(funnels) == 1
    for path in LISTS:
        for link in page(staff.get(path)).select("#result_list tbody th a"):
            page(staff.get(link["href"]))


def test_filters(tracker: Tracker, staff: Client) -> None:
    """A filter offers what is known beforehand, and goes by now, not by the last sweep."""
    long_ago = datetime.now(UTC) - timedelta(days=300)
    tracker.track("ada@example.com", "Signed Up")
    tracker.track("bob@example.com", "Signed Up", occurred_at=long_ago)
    tracker.track("grace@example.com", "$nothing")

    def found(path: str, **asked: str) -> list[str]:
        return [row[0] for row in cells(page(staff.get(f"/admin/motfunnel/{path}/", asked)))]

    assert found("contact", presence="active") == ["ada@example.com"]
    assert found("contact", presence="departed") == ["bob@example.com"]
    assert found("contact", presence="unknown") == ["grace@example.com"]
    assert found("event", signal="note") == ["grace@example.com"]
    assert found("moment", moment="conversion") == ["ada@example.com", "bob@example.com"]
    assert found("moment", moment="apostle") == []
    everybody = ["ada@example.com", "bob@example.com", "grace@example.com"]
    assert found("contact", presence="\x00'; DROP") == everybody
    (listed,) = [row for row in cells(page(staff.get(LISTS[0]))) if row[0] == "bob@example.com"]
    assert (listed[1], listed[5]) == ("departed", "1")
    tracker.sweep()
    (again,) = [row for row in cells(page(staff.get(LISTS[0]))) if row[0] == "bob@example.com"]
    assert again[1:4] == listed[1:4]
    assert again[5] == "1"


@only_sqlite
def test_no_filter_is_made_up(tracker: Tracker, staff: Client) -> None:
    """An address cannot filter by what would look through the whole table."""
    with override_settings(DEBUG=False):
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.get())
        assert client.get(LISTS[0], {"source__contains": "x"}).status_code == 400
        assert client.get(LISTS[1], {"properties__value": "1"}).status_code == 400


def test_search(tracker: Tracker, staff: Client) -> None:
    """A search finds the keys that begin so, to the letter, whatever it is given."""
    for key in ("ada", "ada@example.com", "Ada", "adb", "a%", "a_", "ad\U0010ffff", "😀", "ada "):
        tracker.track(key, "Signed Up")

    def found(term: str) -> list[str]:
        return [
            row.contact for row in staff.get(LISTS[0], {"q": term}).context_data["cl"].result_list
        ]

    assert found("ada") == ["ada", "ada ", "ada@example.com"]
    assert found("ada ") == ["ada "]
    assert found("a%") == ["a%"]
    assert found("ad\U0010ffff") == ["ad\U0010ffff"]
    assert found("😀") == ["😀"]
    assert found("Ada") == ["Ada"]
    assert found("x") == found("\U0010ffff") == []
    assert len(found("")) == len(found("a\x00")) == 9  # Django's form refuses a NUL


def test_hostile_keys(tracker: Tracker, staff: Client) -> None:
    """Whatever keys hold, their stories open from the list, and show as text alone."""
    harm = "<b>bold</b><script>alert(1)</script>"
    for key in HOSTILE:
        tracker.track(key, "Signed Up", id=key, properties={harm: harm})
        tracker.identify(key, {harm: harm})
        tracker.track(key, "Account Deleted", properties={"reason": harm})
    listed = page(staff.get(LISTS[0]))
    links = {link.get_text(): link["href"] for link in listed.select("#result_list tbody th a")}
    assert not [one for one in listed.select("#content script, #content img[onerror]")]
    for key in HOSTILE:
        assert links[shown(key)] == story_url(key)
        found = page(staff.get(story_url(key)))
        assert found.select("#content script, #content img[onerror], #content b") == []
        assert table(found, "State")[0][1] == shown(key).strip()
        assert len(table(found, "Events (3)")) == 3
        address = f"/admin/motfunnel/event/{write((key, key))}/change/"
        event = page(staff.get(address))
        assert event.select("#content script, #content b") == []
        assert harm in event.get_text()


def test_the_story(tracker: Tracker, staff: Client) -> None:
    """A story tells what is so, each moment with its reason, departures, traits and events."""
    now = datetime.now(UTC)
    days = timedelta(days=1)
    tracker.track("ada@example.com", "Signed Up", occurred_at=now - 200 * days)
    tracker.identify("ada@example.com", {"country": "GB"}, occurred_at=now - 199 * days)
    tracker.track("ada@example.com", "Account Deleted", occurred_at=now - 190 * days)
    tracker.track("ada@example.com", "Signed In", occurred_at=now - 100 * days)
    tracker.track("anonymous-17", "Signed Up", occurred_at=now - 210 * days)
    tracker.merge("anonymous-17", into="ada@example.com")
    profile = tracker.contact("ada@example.com")
    found = page(staff.get(story("ada@example.com")))
    told = [(row[1], row[2]) for row in table(found, "Moments of truth")]
    assert told == [(one.moment.kind.value, one.why) for one in profile.story]
    assert "recidivism" in dict(told)
    assert table(found, "Traits") == [["country", "GB"]]
    assert [row[2] for row in table(found, "Departures")] == ["left", "silence"]
    names = ["Signed Up", "Signed Up", "$identify", "Account Deleted", "Signed In"]
    assert [row[1] for row in table(found, "Events (5)")] == names
    assert ["Also known as", "anonymous-17"] in table(found, "State")
    crumbs = [link["href"] for link in found.select(".breadcrumbs a")]
    assert crumbs == ["/admin/", "/admin/motfunnel/", "/admin/motfunnel/contact/"]
    for link in found.select("#content-main a"):
        page(staff.get(link["href"]))


def test_the_page_of_a_contact(tracker: Tracker, staff: Client) -> None:
    """A story leads to the contact's own page: where the setting says, or the model."""
    from django.conf import settings

    def pages(contact: object, **more: Any) -> list[str]:
        with override_settings(MOTFUNNEL=settings.MOTFUNNEL | more):
            found = page(staff.get(story_url(contact)))
        told = [value for name, value in table(found, "State") if name == "Page"]
        links = {link.get_text(): str(link["href"]) for link in found.select("#content-main a")}
        return [links.get(value, value) for value in told]

    key = f"auth.user:{User.objects.create(username=uuid4().hex).pk}"
    for contact in (key, "ada@example.com", "javascript:alert(1)"):
        tracker.track(contact, "Signed Up")
    assert pages(key) == pages("ada@example.com") == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(User, "get_absolute_url", lambda it: f"/of/{it.username}", raising=False)
        [page_of_user] = pages(key)
        assert page_of_user.startswith("/of/")
        assert pages(key, CONTACT_URL=lambda contact: f"/by/{contact}") == [f"/by/{key}"]
    by_key = {"CONTACT_URL": lambda contact: f"/by/{contact}"}
    assert pages("ada@example.com", **by_key) == ["/by/ada@example.com"]
    assert pages("javascript:alert(1)", CONTACT_URL=lambda contact: contact) == []
    assert pages(key, CONTACT_URL=lambda contact: None) == []
    failed = pages(key, CONTACT_URL=lambda contact: 1 / 0)
    assert failed == ["cannot be had: ZeroDivisionError"]


def test_a_merged_key(tracker: Tracker, staff: Client) -> None:
    """A key that was merged leads to the story that it is part of."""
    tracker.track("anonymous-17", "Signed Up")
    tracker.track("ada@example.com", "Signed Up")
    tracker.merge("anonymous-17", into="ada@example.com")
    rows = dict(row[:2] for row in cells(page(staff.get(LISTS[0]))))
    assert rows["anonymous-17"] == "merged intoada@example.com"
    found = page(staff.get(story("anonymous-17"))).get_text(" ", strip=True)
    assert "anonymous-17 was merged into ada@example.com" in found


def test_an_erased_contact(tracker: Tracker, staff: Client) -> None:
    """Of somebody who was erased with the counts kept, the story tells that, and no more."""
    tracker.track("ada@example.com", "Signed Up")
    tracker.forget("ada@example.com", keep_counts=True)
    (token,) = models.Contact.objects.values_list("contact", flat=True)
    found = page(staff.get(story(token)))
    assert "kept as a count; erased at" in found.get_text()
    assert staff.get(story("ada@example.com")).status_code == 302


@only_sqlite
def test_many_events(tracker: Tracker, staff: Client) -> None:
    """A long story shows its events a page at a time."""
    start = datetime.now(UTC) - 250 * HOUR
    call = {"contact": "ada@example.com", "event": "Signed In"}
    tracker.track_many(call | {"id": n, "occurred_at": start + n * HOUR} for n in range(1, 211))
    path = story("ada@example.com")
    assert len(table(page(staff.get(path)), "Events (210)")) == 100
    assert len(table(page(staff.get(path, {"events": "3"})), "Events (210)")) == 10
    assert len(table(page(staff.get(path, {"events": "x"})), "Events (210)")) == 100


@only_sqlite
def test_a_story_that_cannot_be_told(tracker: Tracker, staff: Client) -> None:
    """Without a funnel the page shows what is stored, and says why there is no story."""
    tracker.track("ada@example.com", "Signed Up")
    models.DefinedFunnel.objects.all()._raw_delete("default")
    motfunnel.configure(tracker.database.engine)
    found = page(staff.get(story("ada@example.com")))
    (said,) = found.select(".errornote")
    assert "no funnel was given" in said.get_text()
    assert "ada@example.com" in found.get_text()


@only_sqlite
def test_only_the_trackers_tenant(tracker: Tracker, staff: Client, migrated: str) -> None:
    """The admin shows the contacts of the application's tenant, and no other's."""
    with Tracker(migrated, funnel=Funnel.saas(), tenant="other") as other:
        other.track("bob@example.com", "Signed Up")
    tracker.track("ada@example.com", "Signed Up")
    assert [row[0] for row in cells(page(staff.get(LISTS[0])))] == ["ada@example.com"]
    assert staff.get(story("bob@example.com")).status_code == 302


def test_going_on(tracker: Tracker, staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a bounded part leads to the next, until all rows were seen once, in order."""
    monkeypatch.setattr(window, "ROWS", 7)
    for number in range(9):
        tracker.track(f"contact-{number}", "Signed Up", id="1")
        tracker.track(f"contact-{number}", "Signed In", id="2")
    tracker.on_error = "log"
    for _ in range(9):
        tracker.track("ada@example.com", "x" * 256)
    for path, expected in (
        (LISTS[0], [(f"contact-{n}",) for n in range(9)]),
        (LISTS[1], [(f"contact-{n}", i) for n in range(9) for i in "12"]),
        (LISTS[1] + "?signal=touch", [(f"contact-{n}", "2") for n in range(9)]),
        (LISTS[1] + "?q=contact-8", [("contact-8", i) for i in "12"]),
        (LISTS[2] + "?moment=opening", [(f"contact-{n}", 0) for n in range(9)]),
        (LISTS[3], sorted(models.Reject.objects.values_list("id"), reverse=True)),
    ):
        assert walked(staff, path) == expected


def walked(staff: Client, path: str) -> list[tuple[Any, ...]]:
    """All rows of a list and of those that it leads on to."""
    found, onward = [], path
    while onward is not None:
        address = onward if onward.startswith("/") else path.partition("?")[0] + onward
        listed = staff.get(address).context_data["cl"]
        columns = listed.model_admin.key
        found += [tuple(getattr(row, one) for one in columns) for row in listed.result_list]
        assert listed.result_count <= 7
        onward = listed.onward
        if onward is not None:
            assert listed.next_shown in page(staff.get(address)).get_text()
    return found


@only_sqlite
def test_addresses_that_are_none(tracker: Tracker, staff: Client) -> None:
    """An address that names no row leads back to the list; a place that is none is the start."""
    tracker.track("ada@example.com", "Signed Up")
    for address in ("nobody", "_FF", "_00", "a@b", "a/b/c", "_4", "x" * 5000):
        for path in LISTS:
            assert staff.get(f"{path}{address}/change/").status_code in {302, 404}
        assert len(cells(page(staff.get(LISTS[0], {"from": address})))) <= 1
    assert staff.get(f"{LISTS[2]}a/{10**30}/change/").status_code == 302


@only_sqlite
def test_a_site_of_the_hosts_own(migrated: str) -> None:
    """The pages can be put into another admin site."""
    site = admin.AdminSite(name="office")
    register(site)
    register(site)
    assert all(site.is_registered(model) for model in PAGES)
    call_command("check", fail_level="INFO")


def test_what_comes_beyond() -> None:
    """The text after all that begin so is the next one by code point."""
    assert beyond("ab") == "ac"
    assert beyond("a\U0010ffff") == "b"
    assert beyond("\ud7ff") == "\ue000"
    assert beyond("\U0010ffff") is None


def test_what_is_shown() -> None:
    """Of a key one sees the blanks at its ends, and what would be invisible."""
    assert shown(" a b  ") == "␣a b␣␣"
    assert shown("a\n\u202e") == "a\\u000a\\u202e"
    assert shown("👩\u200d👧 é") == "👩\u200d👧 é"


def test_addresses_come_back() -> None:
    """Every key is read from its address as it was."""
    for key in HOSTILE:
        address = write((key, key))
        assert set(address) <= set("/_-") | set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        )
        assert addresses.read(address, models.Event, ("contact", "id")) == (key, key)
