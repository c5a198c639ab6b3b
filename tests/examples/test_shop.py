"""The Django shop: started as `make shop` does, and used by people in a real browser."""

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
FOLDER = ROOT / "examples" / "shop"
PREPARE = ("migrate", "seed", "motfunnel sweep")
CUSTOMER = "walter"
PASSWORD = "oolong-at-five"


def manage(words: str) -> list[str]:
    return [sys.executable, "manage.py", *words.split()]


def run(words: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        manage(words),
        cwd=FOLDER,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A seeded shop's own state."""
    state = tmp_path_factory.mktemp("shop")
    environment = {"SHOP_STATE": str(state), "PYTHONUNBUFFERED": "1"}
    for words in PREPARE:
        run(words, environment)
    return environment


@pytest.fixture(scope="module")
def mailbox(environment: dict[str, str]) -> Path:
    """What the server prints: the letters are in it."""
    return Path(environment["SHOP_STATE"], "server.log")


@pytest.fixture(scope="module")
def site(environment: dict[str, str], mailbox: Path) -> Iterator[str]:
    """The address of the shop, for as long as it runs."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    start = manage(f"runserver 127.0.0.1:{port} --noreload")
    with serving(start, FOLDER, environment, url, mailbox):
        yield url


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def click(page: Page, name: str) -> None:
    """Press the button, or follow the link, of this name."""
    main = page.get_by_role("main")
    button = main.get_by_role("button", name=name, exact=True)
    button.or_(main.get_by_role("link", name=name, exact=True)).first.click()


def said(page: Page, words: str) -> None:
    """Wait for what the shop says to what was done."""
    expect(page.get_by_role("status")).to_contain_text(words)


def go(page: Page, name: str) -> None:
    """Follow a link of the shop's menu."""
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Dragon Well").click()
    click(page, "Sign up to buy")
    page.get_by_label("Username").fill(CUSTOMER)
    page.get_by_label("E-mail address").fill(f"{CUSTOMER}@example.com")
    page.get_by_label("Password:").fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    click(page, "Sign up")
    said(page, f"Welcome, {CUSTOMER}")


def buy(page: Page, tea: str, quantity: int) -> None:
    go(page, "Teas")
    page.get_by_role("link", name=tea).click()
    page.get_by_label("Quantity").fill(str(quantity))
    click(page, "Buy")
    said(page, f"{quantity} × {tea}")


def complain(page: Page) -> None:
    go(page, "Your orders")
    click(page, "Complain")
    page.get_by_label("What went wrong?").fill("The tin was empty.")
    click(page, "Send the complaint")
    said(page, "We are sorry")


def leave(page: Page) -> None:
    page.get_by_role("link", name="Close your account").click()
    page.get_by_label("Deliveries take too long").check()
    click(page, "Close my account")
    said(page, "Your account is closed")


def come_back(page: Page, mailbox: Path) -> None:
    link = re.findall(r"http://\S+/welcome-back/\S+", mailbox.read_text("utf-8"))[-1]
    page.goto(link)
    click(page, "Open my account again")
    said(page, f"Welcome back, {CUSTOMER}")


def log_in_as_staff(page: Page) -> None:
    page.goto("/log-in/")
    page.get_by_label("Username").fill("staff")
    page.get_by_label("Password").fill("staff")
    click(page, "Log in")
    go(page, "Desk")


def resolve(page: Page) -> None:
    go(page, "Desk")
    click(page, f"Answer {CUSTOMER}")
    page.get_by_label("Your answer").fill("A full one is on its way.")
    click(page, "Resolve")
    said(page, "The complaint is resolved")


def write(page: Page) -> None:
    """Go to the customer by way of the task that a receiver wrote, and send the letter."""
    go(page, "Desk")
    left = page.get_by_role("listitem").filter(has_text="left: too slow")
    left.get_by_role("link", name=CUSTOMER).click()
    click(page, "Write a letter")
    page.get_by_label("Subject").fill("The next one comes by bicycle")
    click(page, "Send the letter")
    said(page, f"The letter to {CUSTOMER} is on its way")


def on_the_desk(page: Page) -> int:
    go(page, "Desk")
    return page.get_by_role("listitem").filter(has_text=CUSTOMER).count()


def moments(page: Page) -> list[tuple[str, str]]:
    """The moments on the customer's page, and why they hold."""
    go(page, "Customers")
    click(page, CUSTOMER)
    told = page.get_by_role("list", name="Moments of truth").get_by_role("listitem").all()
    return [(one.locator(".moment").inner_text(), one.locator(".why").inner_text()) for one in told]


@pytest.mark.slow
def test_a_customers_whole_journey(site: str, browser: Browser, mailbox: Path) -> None:
    """A customer comes, buys, complains, leaves, is written to and returns: so the page tells."""
    with someone(browser, site) as customer, someone(browser, site) as staff:
        sign_up(customer)
        buy(customer, "Dragon Well", 2)
        complain(customer)
        log_in_as_staff(staff)
        resolve(staff)
        assert on_the_desk(staff) == 0
        leave(customer)
        write(staff)
        assert on_the_desk(staff) == 0
        come_back(customer, mailbox)
        buy(customer, "Iron Goddess", 1)
        assert moments(staff) == [
            ("opening", "product_viewed was the first event that opens"),
            ("conversion", "signed_up: from visitor to member"),
            ("conversion", "order_placed: from member to customer"),
            ("complaint", "complaint_made"),
            ("depart", "said account_closed: too slow"),
            (
                "recidivism",
                "letter_answered after less than a day away and 1 attempt to bring it back",
            ),
            ("loyalist", "order_placed again"),
        ]


@pytest.mark.slow
def test_the_return_rate_says_what_it_counts(site: str, browser: Browser) -> None:
    """The seeded history has a return rate, with its counts, interval and definition beside it."""
    with someone(browser, site) as staff:
        log_in_as_staff(staff)
        go(staff, "Dashboard")
        expect(staff.get_by_role("heading", level=1)).to_have_text("Overview")
        expect(staff.locator("[aria-busy=true]")).to_have_count(0)
        staff.go_back()
        go(staff, "Who comes back")
        figure = staff.get_by_role("region", name="Returned within 90 days")
        expect(figure).to_contain_text(re.compile(r"\d+ of \d+"))
        expect(figure).to_contain_text(re.compile(r"95 % interval: \d+ – \d+ %"))
        expect(figure).to_contain_text("the share that returned within it")
        fits_a_phone(staff)
        go(staff, "Customers")
        fits_a_phone(staff)


@pytest.mark.slow
def test_the_admin_tells_a_customers_story(site: str, browser: Browser) -> None:
    """From the customer's page, a link leads to the library's own page in the admin."""
    with someone(browser, site) as staff:
        log_in_as_staff(staff)
        go(staff, "Customers")
        click(staff, "ada")
        click(staff, "in the admin")
        expect(staff.get_by_text("friend_referred is advocacy")).to_be_visible()


@pytest.mark.slow
def test_its_own_tests_pass(url: str, tmp_path: Path) -> None:
    """The shop's tests pass on every database."""
    told = run("test --noinput", {"DATABASE_URL": url, "SHOP_STATE": str(tmp_path)})
    assert re.search(r"^Ran [1-9]\d* tests", told, re.MULTILINE)


@pytest.mark.slow
def test_seeding_twice_adds_nothing(environment: dict[str, str]) -> None:
    """What prepares the shop may run at every start."""
    asked = "motfunnel moments --format csv"
    told = run(asked, environment)
    for words in PREPARE:
        run(words, environment)
    assert run(asked, environment) == told


@pytest.mark.slow
def test_its_migrations_are_complete(environment: dict[str, str]) -> None:
    """Neither the shop nor the library has a model that no migration knows."""
    assert "No changes detected" in run("makemigrations --check --dry-run", environment)


def test_the_makefile_starts_it_so() -> None:
    """`make shop` runs the commands that are tested here."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = makefile.split("\nshop: ", 1)[1].split("\n\n", 1)[0]
    assert all(words in recipe for words in (*PREPARE, "runserver"))
