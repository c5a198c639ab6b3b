"""The Flask newsletter: started as `make newsletter` does, and used by people in a real browser."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.examples.browser import chromium, fits_a_phone, free_port, serving, someone

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "newsletter"
PREPARE = ("db upgrade", "seed", "motfunnel sweep")
READER = "heidi@example.com"


def flask(words: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "newsletter", *words.split()]


def run(words: str, environment: dict[str, str]) -> str:
    """Run one of the newsletter's commands, and give what it prints."""
    return call(flask(words), environment)


def call(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A seeded newsletter's own state, and a password for its staff."""
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('newsletter') / 'newsletter.db'}",
        "FLASK_STAFF_PASSWORD": "open sesame",
    }
    for words in PREPARE:
        run(words, environment)
    return environment


@pytest.fixture(scope="module")
def site(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the newsletter, for as long as it runs."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("served") / "server.log"
    with serving(flask(f"run --port {port}"), FOLDER, environment, url, log):
        yield url


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def click(page: Page, name: str) -> None:
    """Press the button, or follow the link, of this name."""
    page.get_by_role("button", name=name, exact=True).or_(
        page.get_by_role("link", name=name, exact=True)
    ).first.click()


def subscribe(page: Page, address: str) -> None:
    page.get_by_label("Your e-mail address").fill(address)
    click(page, "Subscribe")
    click(page, "Open your page")
    click(page, "Yes, I want Small Hours")
    expect(page.get_by_role("status")).to_contain_text("Welcome")


def pay(page: Page, link: str, plan: str) -> None:
    click(page, "My page")
    click(page, link)
    page.get_by_label(plan).check()
    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    click(page, "Pay")
    expect(page.get_by_role("status")).to_contain_text("Thank you")


def complain(page: Page) -> None:
    click(page, "Complain")
    page.get_by_label("What went wrong?").fill("The issue for patrons stayed closed.")
    click(page, "Send the complaint")
    expect(page.get_by_role("status")).to_contain_text("We are sorry")


def leave(page: Page) -> None:
    click(page, "My page")
    click(page, "Unsubscribe")
    page.get_by_label("Too many letters").check()
    click(page, "Unsubscribe")
    expect(page.get_by_role("status")).to_contain_text("Goodbye")


def come_back(page: Page) -> None:
    click(page, "Mailbox")
    expect(page.get_by_role("heading", level=2).first).to_have_text("We saved you a seat")
    click(page, "Open your page")
    click(page, "Come back")
    expect(page.get_by_role("status")).to_contain_text("Good to see you again")


def log_in(page: Page) -> None:
    page.goto("/staff/")
    page.get_by_label("Password").fill("open sesame")
    click(page, "Log in")
    expect(page.get_by_role("heading", name="Readers")).to_be_visible()


def look_at_the_dashboard(page: Page) -> None:
    click(page, "Dashboard")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.go_back()


def resolve(page: Page) -> None:
    take_task(page, "complained")
    page.get_by_label("Your answer").fill("It is open now. We are sorry.")
    click(page, "Answer and resolve")
    expect(page.get_by_role("status")).to_contain_text("resolved")


def write(page: Page) -> None:
    take_task(page, "left")
    page.get_by_label("Subject").fill("We saved you a seat")
    page.get_by_label("Letter", exact=True).fill("There is a new issue.\n\nIt is about ink.")
    click(page, "Send the letter")
    expect(page.get_by_role("status")).to_contain_text("sent")


def take_task(page: Page, word: str) -> None:
    """Go to the reader by way of the task that their moment put on the list."""
    page.goto("/staff/tasks")
    page.get_by_role("listitem").filter(has_text=READER).filter(has_text=word).get_by_role(
        "link"
    ).click()


def has_task(page: Page) -> bool:
    page.goto("/staff/tasks")
    return page.get_by_role("listitem").filter(has_text=READER).count() > 0


def moments(page: Page) -> list[tuple[str, str]]:
    """The moments on a reader's page, the earliest first, and why they hold."""
    page.goto("/staff/")
    click(page, READER)
    lines = page.locator(".moments li").all()
    return [
        (one.locator("strong").inner_text(), one.locator(".why").inner_text())
        for one in reversed(lines)
    ]


def invite(browser: Browser, page: Page, site: str) -> None:
    """A friend follows the reader's link, and subscribes."""
    link = page.get_by_label("Your link").input_value()
    with someone(browser, site) as friend:
        friend.goto(link)
        expect(friend.get_by_role("status")).to_contain_text("A friend of yours")
        subscribe(friend, "ivy@example.com")


@pytest.mark.slow
def test_a_readers_whole_journey(site: str, browser: Browser) -> None:
    """A reader comes, pays, complains, leaves, is written to and returns: these are the moments."""
    with someone(browser, site) as reader, someone(browser, site) as staff:
        reader.goto("/")
        subscribe(reader, READER)
        reader.goto("/")
        click(reader, "A lens made of steps")
        expect(reader.get_by_text("In 1823 the first such light")).to_be_visible()
        pay(reader, "Become a patron", "A month")
        complain(reader)
        log_in(staff)
        look_at_the_dashboard(staff)
        resolve(staff)
        assert not has_task(staff)
        leave(reader)
        write(staff)
        assert not has_task(staff)
        come_back(reader)
        pay(reader, "Renew", "A year")
        invite(browser, reader, site)
        assert moments(staff) == [
            ("opening", "subscribed was the first event that opens"),
            ("conversion", "subscribed: from visitor to lead"),
            ("conversion", "confirmed: from lead to subscriber"),
            ("conversion", "plan_paid: from subscriber to patron"),
            ("complaint", "complained"),
            ("depart", "said unsubscribed: too many letters"),
            ("recidivism", "came_back after less than a day away and 1 attempt to bring it back"),
            ("loyalist", "plan_paid again"),
            ("referral", "friend_joined named ivy@example.com"),
        ]


@pytest.mark.slow
def test_the_report_page_says_what_it_counts(site: str, browser: Browser) -> None:
    """The seeded history has a return rate, with its counts and its definition beside it."""
    with someone(browser, site) as staff:
        log_in(staff)
        click(staff, "Report")
        figure = staff.get_by_role("region", name="After leaving")
        expect(figure).to_contain_text("within 90 days")
        expect(figure).to_contain_text("the share that returned within it")
        fits_a_phone(staff)
        click(staff, "Readers")
        fits_a_phone(staff)


@pytest.mark.slow
def test_its_own_tests_pass(url: str) -> None:
    """The newsletter's tests pass on every database."""
    pytest_alone = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    told = call(pytest_alone, {"DATABASE_URL": url})
    assert re.search(r"^[1-9]\d* passed in", told, re.MULTILINE), told


@pytest.mark.slow
def test_its_migrations_are_complete(url: str) -> None:
    """Its migrations make all tables, motfunnel's too, on every database; and nothing is to add."""
    environment = {"DATABASE_URL": url}
    for words in (*PREPARE, "db check"):
        run(words, environment)
    assert "0 differ" in run("motfunnel check", environment)


@pytest.mark.slow
def test_seeding_twice_adds_nothing(environment: dict[str, str]) -> None:
    """What prepares the newsletter may run at every start."""
    told = run("motfunnel moments --format csv", environment)
    for words in PREPARE:
        run(words, environment)
    assert run("motfunnel moments --format csv", environment) == told
    assert told.count(",recidivism,") >= 10


def test_the_makefile_starts_it_so() -> None:
    """`make newsletter` runs the commands that are tested here."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = [line for line in makefile.splitlines() if line.startswith("\t$(NEWSLETTER) ")]
    assert recipe == [
        f"\t$(NEWSLETTER) {words}" for words in (*PREPARE, "run --port $(NEWSLETTER_PORT)")
    ]
