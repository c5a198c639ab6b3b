"""Webhooks: signed by the specification, to nobody else's machine, and what an answer means."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from motfunnel import Moment, MomentKind, Presence
from motfunnel.errors import QuestionError
from motfunnel.tracking.outbox import webhook as of_webhooks
from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.relay import GoneError
from motfunnel.tracking.outbox.webhook import DeliveryError, Webhook, _is_public, sign
from tests.tracking.scene import day

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ANOTHER = "whsec_" + 32 * "A"
CERTIFICATE = Path(__file__).with_name("self_signed.pem")
MESSAGE = Message(
    id="9d3c",
    type="moment.established",
    contact="zoë & co",
    recorded_at=day(1),
    moment=Moment(
        contact="zoë & co",
        kind=MomentKind.DEPART,
        occurred_at=day(0),
        reason="silence",
        episode=1,
        referred="nobody's business",
    ),
    stage="customer",
    presence=Presence.DEPARTED,
)


@define
class Receiver:
    """What a server was sent, and what it answers."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b""
    stalls: threading.Event | None = None
    pause: float = 0
    drips: float = 0.0
    under_way: int = 0
    most_at_once: int = 0
    got: list[tuple[str, dict[str, str], bytes]] = field(factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(receiver) as port:
        receiver.url = f"http://127.0.0.1:{port}/in?from=crm"
        yield receiver


class serving:
    """A server on loopback, with what it is sent put down."""

    def __init__(self, receiver: Receiver, *, context: ssl.SSLContext | None = None) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.under_way += 1
                receiver.most_at_once = max(receiver.most_at_once, receiver.under_way)
                time.sleep(receiver.pause)
                receiver.under_way -= 1
                receiver.got.append((self.path, dict(self.headers.items()), body))
                if receiver.stalls is not None:
                    receiver.stalls.wait(30)
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                if not receiver.drips:
                    self.wfile.write(receiver.body)
                    return
                with suppress(OSError):  # nobody listens any more
                    for byte in receiver.body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(receiver.drips)

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> int:
        self.thread.start()
        return self.server.server_address[1]

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def local(receiver: Receiver, **options: Any) -> Webhook:
    return Webhook(receiver.url, SECRET, **{"allow_private": True, **options})


def test_the_signature_of_the_specification() -> None:
    """The vector that the specification's own libraries are tested by."""
    secret = b64decode(SECRET.removeprefix("whsec_"))
    id, at, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    assert sign(secret, id, at, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_answer_that_drips_is_not_heard_out(receiver: Receiver) -> None:
    """Byte by byte it would go on for a minute; what counts is the status."""
    receiver.body, receiver.drips = b"x" * 600, 0.1
    began = time.monotonic()
    webhook = local(receiver, timeout=0.5)
    webhook(MESSAGE)
    assert time.monotonic() - began < 30
    receiver.drips = 0
    webhook(MESSAGE)
    assert len(receiver.got) == 2


def test_what_is_sent(receiver: Receiver) -> None:
    """The moment, without a property and without whom it names; the headers verify it."""
    link = "https://crm.example/people/{contact}"
    Webhook(receiver.url, [SECRET, ANOTHER], allow_private=True, link=link)(MESSAGE)
    [(path, headers, body)] = receiver.got
    assert path == "/in?from=crm"
    assert json.loads(body) == {
        "id": "9d3c",
        "type": "moment.established",
        "time": "2024-06-02T12:00:00.000000Z",
        "data": {
            "contact": "zoë & co",
            "moment": "depart",
            "occurred_at": "2024-06-01T12:00:00.000000Z",
            "event_id": None,
            "from_stage": None,
            "to_stage": None,
            "reason": "silence",
            "episode": 1,
            "stage": "customer",
            "presence": "departed",
            "link": "https://crm.example/people/zo%C3%AB%20%26%20co",
        },
    }
    said = {name.lower(): value for name, value in headers.items()}
    at = int(said["webhook-timestamp"])
    assert abs(at - datetime.now(UTC).timestamp()) < 60
    assert said["webhook-id"] == "9d3c"
    secret = b64decode(SECRET.removeprefix("whsec_"))
    first, second = said["webhook-signature"].split(" ")
    assert first == sign(secret, "9d3c", at, body)
    assert second == sign(b"\0" * 24, "9d3c", at, body)


def test_connections_are_kept(receiver: Receiver) -> None:
    """Also behind an answer that is long; and none is read without end."""
    webhook = local(receiver)
    for receiver.body in b"", b"x" * 1000, b"x" * 1_000_000, b"ok":
        webhook(MESSAGE)
    assert len(receiver.got) >= 4  # one may have been sent again


def test_a_connection_that_was_closed_meanwhile(receiver: Receiver) -> None:
    """Is made anew, and no message is put off for it."""
    webhook = local(receiver)
    receiver.headers = {"connection": "close"}
    for _ in range(3):
        webhook(MESSAGE)
        time.sleep(0.05)  # until the other end has closed it
    assert len(receiver.got) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
def test_whatever_is_not_2xx_is_not_taken(receiver: Receiver, status: int) -> None:
    """Nor is a redirect followed."""
    receiver.status = status
    receiver.headers = {"location": receiver.url}
    with pytest.raises(DeliveryError, match=str(status)):
        local(receiver)(MESSAGE)
    assert len(receiver.got) == 1


def test_gone(receiver: Receiver) -> None:
    receiver.status = 410
    with pytest.raises(GoneError):
        local(receiver)(MESSAGE)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 120),
        ("999999999999", 86_400, 86_400),
        ("in two hours", 7_000, 7_200),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
)
def test_when_it_wants_to_be_asked_again(
    receiver: Receiver, said: str, least: float, most: float
) -> None:
    if said == "in two hours":
        said = format_datetime(datetime.now(UTC) + timedelta(hours=2))
    receiver.status, receiver.headers = 503, {"retry-after": said}
    with pytest.raises(DeliveryError) as caught:
        local(receiver)(MESSAGE)
    assert caught.value.retry_after is not None
    assert least <= caught.value.retry_after.total_seconds() <= most


@pytest.mark.parametrize("said", ["soon", "-1", "", "²"])
def test_a_wish_that_is_none(receiver: Receiver, said: str) -> None:
    receiver.status, receiver.headers = 503, {"retry-after": said}
    with pytest.raises(DeliveryError) as caught:
        local(receiver)(MESSAGE)
    assert caught.value.retry_after is None


def test_who_does_not_answer(receiver: Receiver) -> None:
    receiver.stalls = threading.Event()
    with pytest.raises(DeliveryError, match="Timeout"):
        local(receiver, timeout=0.2)(MESSAGE)
    receiver.stalls.set()


def test_who_is_not_there() -> None:
    with serving(Receiver()) as port:
        pass
    with pytest.raises(DeliveryError):
        Webhook(f"http://127.0.0.1:{port}/", SECRET, allow_private=True)(MESSAGE)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::a00:1]",
        "[::7f00:1]",
        "[::ffff:0:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[2001:0:7f00:1::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[fd00:ec2::254]",
        "192.0.0.8",
        "168.63.129.16",
        "2130706433",
        "0x7f000001",
        "127.1",
    ],
)
def test_private_networks_are_refused(host: str) -> None:
    """Whatever way an address is written, what counts is where it leads."""
    with pytest.raises(DeliveryError, match=r"private network|gaierror"):
        Webhook(f"https://{host}/", SECRET, timeout=1)(MESSAGE)


@pytest.mark.parametrize(
    "address",
    ["9.9.9.9", "2620:fe::9", "2002:909:909::1", "64:ff9b::909:909", "::ffff:9.9.9.9"],
)
def test_the_internet_is_not_private(address: str) -> None:
    """Also by the ways in which a network without IPv4, or without IPv6, writes it."""
    assert _is_public(address)


class Names:
    """A resolver for one name, which answers differently each time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> None:
        self.answers, self.asked = [*answers], 0
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host != "crm.test":
            return self.real(host, port, *more, **named)
        found = self.answers[self.asked]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]


def test_what_is_looked_at_is_what_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up once for each message: what it leads to cannot change in between."""
    names = Names(monkeypatch, ("127.0.0.1",), ("127.0.0.1",))
    port = receiver.url.partition("127.0.0.1:")[2]
    webhook = Webhook(f"http://crm.test:{port}", SECRET, allow_private=True)
    webhook(MESSAGE)
    webhook(MESSAGE)
    assert (len(receiver.got), names.asked) == (2, 2)
    assert receiver.got[0][1]["host"] == f"crm.test:{port.partition('/')[0]}"


def test_a_name_that_comes_to_lead_elsewhere(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is refused, though a connection to the earlier address is there; and one among several."""
    monkeypatch.setattr(of_webhooks, "_is_public", lambda address: address == "127.0.0.1")
    Names(monkeypatch, ("127.0.0.1",), ("127.0.0.2",), ("127.0.0.1", "127.0.0.2"))
    port = receiver.url.partition("127.0.0.1:")[2]
    webhook = Webhook(f"http://crm.test:{port}", SECRET, allow_private=True)
    webhook._allow_private = False  # by plain http, which it would not take
    webhook(MESSAGE)
    for _ in range(2):
        with pytest.raises(DeliveryError, match=r"127\.0\.0\.2, an address of a private network"):
            webhook(MESSAGE)
    assert len(receiver.got) == 1


def test_an_address_at_which_nobody_is(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is passed over, if there is another."""
    Names(monkeypatch, ("127.0.0.2", "127.0.0.1"), ("127.0.0.2", "127.0.0.3"))
    port = receiver.url.partition("127.0.0.1:")[2]
    webhook = Webhook(f"http://crm.test:{port}", SECRET, allow_private=True)
    webhook(MESSAGE)
    with pytest.raises(DeliveryError, match="NewConnectionError"):
        webhook(MESSAGE)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://example.com/", "/in", "", "https://u:pass@example.com/"]
)
def test_what_is_no_url_to_post_to(url: str) -> None:
    with pytest.raises(QuestionError) as caught:
        Webhook(url, SECRET)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "hush", "whsec_", "whsec_é", "whsec_hush", "whsec_AAAA"])
def test_what_is_no_secret(secret: str) -> None:
    """Too short ones among them; the error does not repeat it."""
    with pytest.raises(QuestionError) as caught:
        Webhook("https://example.com/", secret)
    assert "hush" not in str(caught.value)


def test_a_certificate_is_that_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it is an address that is connected to; that of another name will not do."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    receiver = Receiver()
    with serving(receiver, context=context) as port:
        Webhook(f"https://localhost:{port}/", SECRET, allow_private=True)(MESSAGE)
        assert len(receiver.got) == 1
        Names(monkeypatch, ("127.0.0.1",))
        with pytest.raises(DeliveryError, match=r"doesn't match|mismatch"):
            Webhook(f"https://crm.test:{port}/", SECRET, allow_private=True)(MESSAGE)
    assert len(receiver.got) == 1


def test_a_certificate_that_nobody_vouches_for() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    receiver = Receiver()
    with serving(receiver, context=context) as port:
        webhook = Webhook(f"https://localhost:{port}/", SECRET, allow_private=True)
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
            webhook(MESSAGE)
    assert receiver.got == []
