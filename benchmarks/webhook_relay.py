"""100,000 moments through a webhook on loopback: none lost, each contact's in order, and how fast.

A receiver in a process of its own verifies each signature and keeps what it took. First without
faults: how many times as long a relay takes as the same posts from a list in memory, by urllib3
alone on one connection. Then with them (`--faults`): the receiver answers 500, 302, 429 with
Retry-After, stalls beyond the time-out, and is killed and started again; relays are killed at
random, and others take their place. At the end each moment that is stored was taken, and of each
contact they came in order, whatever came twice.

    python benchmarks/webhook_relay.py [--messages N] [--relays N] [--faults] [URL ...]

Without URLs: SQLite in a temporary folder. On a server it works in a tenant of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import multiprocessing
import random
import socket
import sys
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import urllib3
from sqlalchemy import func, select

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.tracking.outbox.relay import relay
from motfunnel.tracking.outbox.webhook import Webhook

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"saw": touch(), "left": leave()},
    patience={"default": None},
)
SECRET = "whsec_" + 32 * "A"
SINCE = datetime(2024, 1, 1, tzinfo=UTC)
EACH = 10  # moments of a contact, where nothing else is said
TIMEOUT = 1.0
LEASE = timedelta(seconds=20)
OF_RELAYS, OF_RECEIVERS = 0.15, 0.05  # how likely a kill is, every few seconds
FAULTS = ((0.01, "500"), (0.015, "302"), (0.025, "429"), (0.026, "stalls"), (1.0, "none"))
"""Up to which number drawn a receiver does what."""
ANSWERS = {"500": "", "302": "location: /elsewhere\r\n", "429": "retry-after: 1\r\n"}
context = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure on each database, and print what came."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--relays", type=int, default=2)
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in given.urls or [f"sqlite:///{Path(folder) / 'relay.db'}"]:
            run = Run(url, Path(folder), given.messages, given.relays)
            print(run.with_faults() if given.faults else run.without(), flush=True)


class Run:
    """A store with moments that wait, and a receiver."""

    def __init__(
        self, url: str, folder: Path, messages: int, relays: int, each: int = EACH
    ) -> None:
        self.url, self.relays, self.messages, self.each = url, relays, messages, each
        self.tenant = uuid4().hex
        self.log = folder / f"{self.tenant}.jsonl"
        self.port = free_port()

    def without(self) -> str:
        """The relay and the list, one after the other, a tenth of the messages at a time."""
        with self.tracker() as tracker, receiving(self.log, self.port, faults=False):
            name, subscription = tracker.database.engine.name, tracker.subscribe("crm")
            ours, theirs = [], []
            for number in range(10):
                self.fill(tracker, number, self.messages // 10)
                bodies = [json.dumps(one).encode() for one in self.bodies(self.messages // 10)]
                ours.append(timed(lambda: relay(subscription, self.webhook())))
                theirs.append(timed(lambda bodies=bodies: self.post(bodies)))
            ratio = sorted(a / b for a, b in zip(ours, theirs, strict=True))[5]
            found = self.check(tracker)
        return (
            f"{name}: one relay delivers {self.messages / sum(ours):,.0f} messages/s, in "
            f"{ratio:.2f} times as long as the same posts by urllib3 from a list; {found}"
        )

    def with_faults(self) -> str:
        """Relays that are killed, and a receiver that is not to be relied on."""
        chance, began, kills = random.Random(7), time.monotonic(), 0
        with self.tracker() as tracker:
            subscription = tracker.subscribe("crm")
            self.fill(tracker, 0, self.messages)
            running = [self.start() for _ in range(self.relays)]
            receiver = start_receiver(self.log, self.port, faults=True)
            while (waiting := subscription.waiting()).waiting:
                print(f"{time.monotonic() - began:6.0f} s  {waiting}", file=sys.stderr, flush=True)
                time.sleep(chance.uniform(1, 4))
                if chance.random() < OF_RELAYS:
                    victim = running.pop(chance.randrange(len(running)))
                    victim.kill()
                    victim.join()
                    running.append(self.start())
                    kills += 1
                if chance.random() < OF_RECEIVERS:
                    receiver.kill()
                    receiver.join()
                    time.sleep(chance.uniform(0, 2))
                    receiver = start_receiver(self.log, self.port, faults=True)
            for one in running:
                one.kill()
            receiver.kill()
            name, found = tracker.database.engine.name, self.check(tracker)
        took = time.monotonic() - began
        return f"{name}: {found}; {kills} kills of relays, {took:,.0f} s"

    def tracker(self) -> Tracker:
        """A tracker of its own for each process."""
        return Tracker(self.url, FUNNEL, tenant=self.tenant, spool=False, budget=None)

    def webhook(self) -> Webhook:
        """What posts to the receiver."""
        url = f"http://127.0.0.1:{self.port}/"
        return Webhook(url, SECRET, timeout=TIMEOUT, allow_private=True)

    def start(self) -> Any:
        """A process that relays."""
        process = context.Process(target=relay_for_ever, args=(self,), daemon=True)
        process.start()
        return process

    def fill(self, tracker: Tracker, number: int, messages: int) -> None:
        """Have moments wait: each event of a contact makes one."""
        contacts = messages // self.each
        for n in range(self.each):
            tracker.track_many(
                {
                    "contact": f"{number}-{contact}",
                    "event": "left" if n % 2 else "saw",
                    "id": f"{n}",
                    "occurred_at": SINCE + timedelta(hours=n),
                }
                for contact in range(contacts)
            )

    def bodies(self, messages: int) -> Iterator[dict[str, Any]]:
        """As many bodies of the same length, which nobody has to have stored."""
        said = {"moment": "recidivism", "occurred_at": SINCE.isoformat(), "event_id": "1"}
        said |= {"from_stage": None, "to_stage": None, "reason": None, "episode": 17}
        for n in range(messages):
            data = {"contact": f"list-{n % 100}", **said, "stage": "visitor", "presence": "active"}
            yield {"id": str(uuid4()), "type": "moment.established", "time": "", "data": data}

    def post(self, bodies: list[bytes]) -> None:
        """Post them one after the other, signed, and wait for each answer."""
        pool, key = urllib3.HTTPConnectionPool("127.0.0.1", self.port), b64decode(SECRET[6:])
        for body in bodies:
            at = str(int(time.time()))
            signature = hmac.new(key, f"list.{at}.".encode() + body, hashlib.sha256).digest()
            headers = {"webhook-id": "list", "webhook-timestamp": at}
            headers["webhook-signature"] = f"v1,{b64encode(signature).decode()}"
            pool.urlopen("POST", "/", body=body, headers=headers)

    def check(self, tracker: Tracker) -> str:
        """Nothing that is stored is missing, and of each contact it came in order.

        Raises:
            SystemExit: something was lost, or out of order.
        """
        table = tracker.database.tables.moments
        with tracker.database.engine.connect() as connection:
            mine = select(func.count()).select_from(table).where(table.c.tenant == self.tenant)
            stored = connection.scalar(mine) or 0
        last: dict[str, str] = {}
        seen: set[str] = set()
        deliveries = disorder = 0
        for line in self.log.read_text().splitlines():
            id, contact, at = json.loads(line)
            deliveries += 1
            if id in seen:
                continue
            seen.add(id)
            disorder += last.get(contact, "") >= at
            last[contact] = at
        lost = stored - len(seen)
        if lost or disorder:
            raise SystemExit(f"{lost:,} lost, {disorder:,} out of order of {stored:,}")
        return f"{stored:,} moments, 0 lost, 0 out of order, {deliveries:,} deliveries"


def relay_for_ever(run: Run) -> None:
    """What a process that relays does, until it is killed."""
    with run.tracker() as tracker:
        subscription, webhook = tracker.subscription("crm"), run.webhook()
        while True:
            relay(subscription, webhook, lease=LEASE)
            time.sleep(0.2)


def start_receiver(log: Path, port: int, *, faults: bool) -> Any:
    """A receiver's process, once it listens."""
    process = context.Process(target=receive, args=(log, port, faults), daemon=True)
    process.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.02)
    raise SystemExit("the receiver did not start")


@contextmanager
def receiving(log: Path, port: int, *, faults: bool) -> Iterator[None]:
    """A receiver for a while."""
    process = start_receiver(log, port, faults=faults)
    try:
        yield
    finally:
        process.kill()
        process.join()


def receive(log: Path, port: int, faults: bool) -> None:
    """Take messages, one line for each; a line is written before the answer is."""
    asyncio.run(Receiver(log, faults).serve(port))


class Receiver:
    """A server that does no more than it must; with faults it takes 97 of 100."""

    def __init__(self, log: Path, faults: bool) -> None:
        self.log = log.open("a", buffering=1)
        self.key = b64decode(SECRET[6:])
        self.chance = random.Random(time.time_ns()) if faults else None

    async def serve(self, port: int) -> None:
        """Listen for ever."""
        server = await asyncio.start_server(self.talk, "127.0.0.1", port)
        async with server:
            await server.serve_forever()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on a connection, until it ends."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = {
                    name.lower(): value
                    for name, _, value in (line.partition(": ") for line in head.split("\r\n"))
                }
                body = await reader.readexactly(int(headers["content-length"]))
                writer.write((await self.answer(headers, body)).encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def answer(self, headers: dict[str, str], body: bytes) -> str:
        """Take a message or not; sometimes it is taken, and the answer is lost all the same."""
        at = headers["webhook-timestamp"]
        signed = f"{headers['webhook-id']}.{at}.".encode() + body
        right = b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()
        if headers["webhook-signature"] != f"v1,{right}":
            return said(401)
        drawn = self.chance.random() if self.chance else 1.0
        fault = next(name for most, name in FAULTS if drawn <= most)
        if fault in ANSWERS:
            return said(int(fault), ANSWERS[fault])
        if headers["webhook-id"] != "list":
            told = json.loads(body)
            line = [told["id"], told["data"]["contact"], told["data"]["occurred_at"]]
            self.log.write(json.dumps(line) + "\n")
        if fault == "stalls":
            await asyncio.sleep(3 * TIMEOUT)  # it was taken, and nobody hears of it
        return said(200)


def said(status: int, more: str = "") -> str:
    """An answer without a body."""
    return f"HTTP/1.1 {status} X\r\n{more}content-length: 0\r\n\r\n"


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def timed(work: Any) -> float:
    """How many seconds it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
