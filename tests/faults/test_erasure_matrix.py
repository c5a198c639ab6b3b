"""Whatever a key looks like, and wherever it or a word of hers may lie: `forget` leaves neither."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from attrs import define, frozen
from sqlalchemy import Engine, create_engine, select

from motfunnel import Tracker
from motfunnel.dashboard import refresh
from motfunnel.domain.scrubber import is_unmistakable
from motfunnel.errors import StoreError
from motfunnel.intake import import_file
from motfunnel.intake.rejects import write_rejects_file
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.outbox.subscription import ATTEMPTS
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import set_aside
from motfunnel.tracking.spool.spool import Spool
from tests.faults.erasure_search import search_files, search_tables
from tests.faults.figures import Figures
from tests.faults.operations import said
from tests.faults.snapshot import tenants_tables
from tests.outbox.test_subscription import make_due
from tests.tracking.scene import FUNNEL, Clock, day

FILES: Any = {"contact": "who", "event": "what", "at": "when"}


@frozen
class User:
    """A host's own object."""

    pk: Any


@frozen
class Kind:
    """A kind of key.

    Attributes:
        given: the contact as the host has it.
        key: its key.
        contact_key: what makes the one of the other.
        raw: how a file names it.
    """

    given: Any
    key: str
    contact_key: Callable[[Any], object] | None = None
    raw: str = ""

    @property
    def in_files(self) -> str:
        """How a file names the contact."""
        return self.raw or self.key


def text(key: str) -> Kind:
    return Kind(key, key)


KINDS = {
    "text": text("ada-5d1e77c0b2@example.com"),
    "int": Kind(7, "7"),
    "long int": Kind(778899001122, "778899001122"),
    "UUID": Kind(
        UUID("5d1e77c0-b2aa-4c1f-8a3b-2f60718293a4"), "5d1e77c0-b2aa-4c1f-8a3b-2f60718293a4"
    ),
    "object": Kind(
        User("user-5d1e77c0b2"), "user-5d1e77c0b2", lambda one: getattr(one, "pk", one)
    ),
    "object of an int": Kind(User(41), "41", lambda one: getattr(one, "pk", one)),
    "mapped": Kind(
        "Ada-5D1E77C0B2@Example.com",
        "ada-5d1e77c0b2@example.com",
        lambda one: str(one).lower(),
        "ADA-5D1E77c0b2@Example.COM",
    ),
    "mapped to another": Kind(
        "ada@example.com", "crm-5d1e77c0b2", {"ada@example.com": "crm-5d1e77c0b2"}.__getitem__,
        "ada@example.com",
    ),
    "not of ASCII": text("zoë-łódź@例え-5d1e.example"),
    "beyond 16 bits": text("😀-5d1e77c0b2"),
    "quotes and slashes": text("o'br\"ien\\5d1e/77@example.com"),
    "in a URL": text("https://ada-5d1e77c0b2.example/u?id=5d1e&n=zoë#7"),
    "like an identifier": text("user_5d1e77c0b2"),
    "a word": text("buy"),
    "a name": text("Łukasz"),
}  # fmt: skip


@define
class Scene:
    """Somebody to be forgotten, and where.

    Attributes:
        kind: of her key.
        tracker: records, and keeps what it cannot.
        engine: looks into the tables.
        home: the folder in which the database, its log, the spool and its files lie.
        elsewhere: a folder that is nobody's.
        words: what was said of her, by the place.
    """

    kind: Kind
    tracker: Any
    engine: Engine
    home: Path
    elsewhere: Path
    words: dict[str, str]

    def word(self, place: str) -> str:
        """A word of hers for a place; it is like nothing else."""
        digest = hashlib.sha256(place.encode()).hexdigest()[:12]
        return self.words.setdefault(place, f"word-{digest}-Łódź")

    def bring(self, tracker: Any, name: str, content: str) -> None:
        """Import a file that is gone afterwards."""
        path = self.elsewhere / name
        path.write_text(content, encoding="utf-8")
        import_file(tracker, path, **FILES)
        path.unlink()

    def spool(self, contact: Any, event: Any, **parts: Any) -> None:
        """Have a call wait for the database."""
        call = Call(
            verb="track", contact=contact, event=event, id=f"waits {len(self.words)}", **parts
        )
        aside = set_aside(call, StoreError("down"), datetime.now(UTC), is_refused=False)
        self.tracker.spool.append(aside)


@pytest.fixture
def scene(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A lenient tracker with a spool, on a database of its own."""
    kind = KINDS[request.param]
    elsewhere = tmp_path.parent / f"{tmp_path.name} elsewhere"
    elsewhere.mkdir()
    engine = create_engine(url)
    options: Any = {"tenant": "mine", "clock": Clock(), "contact_key": kind.contact_key}
    spool = tmp_path / "state" / "spool"
    with Tracker(url, FUNNEL, on_error="log", spool=spool, **options) as tracker:
        tracker.create_tables()
        yield Scene(kind, tracker, engine, tmp_path, elsewhere, {})
    engine.dispose()


def her_history(scene: Scene) -> None:
    """What she did, under all the parts of an event."""
    her, word = scene.kind.given, scene.word("history")
    scene.tracker.track_many(
        [
            said(her, "saw", f"id {word}", 0, source=word, deep=[{word: {"a": word}}]),
            said(her, "complained", "2", 1, ticket=word),
            said(her, "left", "3", 2, reason=word),
            said(her, "referred", "4", 3, friend=word),
            said(her, f"{word} said", "5", 4),
        ]
    )
    scene.tracker.identify(her, {"city": word, word: 1}, occurred_at=day(0), id="t")


def her_refused_calls(scene: Scene) -> None:
    """Calls of hers that were refused, each for another part of it."""
    her, word = scene.kind.given, scene.word("refused calls")
    track = scene.tracker.track
    track(her, "", properties={"note": word})
    track(her, "saw", properties={"note": word, "at": object()})
    track(her, "saw", properties={"note": word.encode(), 1: word})
    track(her, "saw", occurred_at=word, properties={"note": word})
    scene.tracker.identify(her, {"note": word, "n": float("nan")})
    event = {"contact": her, "event": "saw", "properties": {"note": word}}
    scene.tracker.track_many([event | {"colour": word}, event | {7: word}, event | {"event": None}])
    scene.tracker.track_many([(her, word)])


def her_rows(scene: Scene) -> None:
    """Rows of hers that were refused: whole, ragged and broken ones."""
    word, name = scene.word("rows"), scene.kind.in_files
    cell = '"' + name.replace('"', '""') + '"'
    scene.bring(
        scene.tracker,
        "rows.csv",
        "who,what,when,note\n"
        f"{cell},saw,yesterday,{word}\n"
        f"{cell},saw,2024-06-01,{word},{word}\n"
        f"{cell},{word}\n"
        f'{cell},saw,2024-06-01,"{word}\n'
        f"{cell},saw,{cell},{word}\n",
    )
    for escaped in (True, False):
        row = json.dumps(
            {"who": name, "what": "saw", "when": "never", "note": word}, ensure_ascii=escaped
        )
        number = f'{{"who": {name}, "what": "saw"; "note": "{word}"}}\n' if name.isdigit() else ""
        scene.bring(
            scene.tracker,
            f"rows{escaped}.jsonl",
            f"{row}\n{row[:-1]}\n{row[:-1]},\n{json.dumps([row])}\n{number}",
        )


def her_rows_before_the_mapping(scene: Scene) -> None:
    """Rows that were refused before anybody said what makes a key of a contact."""
    if scene.kind.raw:
        word = scene.word("before the mapping")
        plain = Tracker(scene.engine, FUNNEL, tenant="mine", clock=Clock(), spool=False)
        rows = f"who,what,when,note\n{scene.kind.raw},saw,yesterday,{word}\n"
        scene.bring(plain, "before.csv", rows)


def her_spool(scene: Scene) -> None:
    """Calls of hers that wait, one of which a crash tore."""
    word = scene.word("spool")
    keyed = scene.kind.key if isinstance(scene.kind.given, User) else scene.kind.given
    scene.spool(keyed, "saw", properties={"note": word})
    scene.spool(keyed, word, properties={1: word})
    spool: Spool = scene.tracker.spool
    lines = spool.path.read_bytes()
    spool.path.write_bytes(lines + lines[: lines.index(b"\n") * 9 // 10])


def named_by_others(scene: Scene) -> None:
    """Mentions of her in all the parts of what was said of others."""
    key, raw = scene.kind.key, scene.kind.in_files
    url = f"https://example.com/?mail={quote(key, safe='')}&again={quote(quote(key, safe=''))}"
    tracker = Tracker(scene.engine, FUNNEL, tenant="mine", clock=Clock())
    tracker.track("bob", "saw", id="opens", occurred_at=day(-1))
    tracker.track_many(
        [
            said("bob", "referred", "as it is", 0, friend=scene.kind.key),
            said("bob", "referred", "as a number", 1, friend=int(key) if key.isdigit() else key),
            said("bob", "buy", "of a word", 2, buy="buy", note="Łukasz 7 41"),
            said("bob", "referred", "elsewhere", 3, friend="carl"),
        ]
    )
    if not is_unmistakable(key):
        return
    nested = {"a": [{"b": {"c": key}}], "text": f"for {key}, twice: {key}."}
    written = {"json": json.dumps({"a": key}), "again": json.dumps(json.dumps(key))}
    tracker.track_many(
        [
            said("bob", "bought", "nested", 4, **nested, **written, url=url, of=repr(key)),
            said("bob", "saw", "a name", 5, **{key: 1, f"of {key}": 2}),
            said("bob", key, "an event", 6),
            said("bob", f"for {key}", "an event of a text", 7),
            said("bob", "saw", f"id of {key}", 8),
            said("bob", "left", "a reason", 9, reason=key),
            said("bob", "complained", "a case", 10, ticket=f"case {key}"),
        ]
    )
    tracker.identify("bob", {"boss": key, key: "x", "url": url}, occurred_at=day(0), id="t")
    lenient: Any = Tracker(scene.engine, FUNNEL, tenant="mine", on_error="log", spool=False)
    lenient.track("bob", "", properties={"friend": key, "raw": key.encode(), "url": url})
    lenient.track("bob", key, id=key, occurred_at=key)
    scene.spool("bob", "saw", properties={"text": f"of {key}", key: [url]})
    scene.spool("bob", key, properties={"friend": scene.kind.given})
    cell = '"' + key.replace('"', '""') + '"'
    scene.bring(
        tracker,
        "others.csv",
        f"who,what,when,friend\nbob,referred,never,{cell}\nbob,referred,{cell},\n",
    )
    if raw == scene.kind.key:
        scene.bring(tracker, "others.jsonl", json.dumps({"who": "bob", "what": key, "when": url}))


def her_answers(scene: Scene) -> None:
    """Answers that a refresh kept, with lists of who is away and groups by her words."""
    plain = Tracker(scene.engine, FUNNEL, tenant="mine", clock=Clock())
    plain.track("dora", "saw", id="another group", occurred_at=day(0))
    lately = day(990)  # so that there is something to be told of the last periods
    scene.tracker.track(scene.kind.given, "saw", id="lately", occurred_at=lately)
    assert refresh(plain, pages=["overview", "who-to-write-to", "coming-back"]).is_whole
    with scene.engine.connect() as connection:
        kept = " ".join(connection.scalars(select(tables().answers.c.html)))
    assert escape(scene.word("history")) in kept
    assert quote(scene.kind.key, safe="") in kept


def her_messages(scene: Scene) -> None:
    """Moments that wait for a subscription, taken, put off and set aside, with errors of hers."""
    plain = Tracker(scene.engine, FUNNEL, tenant="mine", clock=Clock())
    told = plain.subscribe("crm", from_beginning=True)
    key, word = scene.kind.key, scene.word("history")
    for _ in range(ATTEMPTS):
        make_due(plain)
        for batch in told.batches(1):
            with batch:
                for message in batch:
                    batch.fail(message, f"cannot take {key}: {word}")
    assert told.waiting().failed
    assert next(plain.subscribe("taken", from_beginning=True).batches(2)).messages


def what_is_told(scene: Scene) -> None:
    """Nothing that waits names her, whoever asks for it."""
    plain = Tracker(scene.engine, FUNNEL, tenant="mine", clock=Clock())
    assert plain.subscribe("crm").retry() >= 0
    make_due(plain)
    waiting = [
        json.dumps(message.to_dict(), ensure_ascii=False)
        for name in ("crm", "taken")
        for batch in plain.subscription(name).batches()
        for message in batch
    ]
    assert waiting  # bob's
    wanted = [*scene.words.values()]
    if is_unmistakable(scene.kind.key):
        wanted.append(json.dumps(scene.kind.key, ensure_ascii=False)[1:-1])
    assert [one for one in wanted if one in "".join(waiting)] == []
    assert f'"contact": {json.dumps(scene.kind.key)}' not in "".join(waiting)


PLACES = [
    her_history,
    her_messages,
    her_answers,
    her_refused_calls,
    her_rows,
    her_rows_before_the_mapping,
    her_spool,
    named_by_others,
]


@pytest.mark.parametrize("scene", KINDS, indirect=True)
def test_nothing_is_left_of_her_anywhere(
    scene: Scene, caplog: pytest.LogCaptureFixture, figures: Figures
) -> None:
    """No table, file or log has her key where it names her, or a word of hers."""
    caplog.set_level(logging.INFO)
    for plant in PLACES:
        plant(scene)
    key, before = scene.kind.key, scene.tracker.contact(scene.kind.given).events
    assert before == 7
    assert scene.tracker.forget(scene.kind.given).events == before
    wanted = list(scene.words.values())
    if is_unmistakable(key):
        wanted += [key] if key == scene.kind.in_files else [key, scene.kind.in_files]
    file = scene.elsewhere / "rejects.csv"
    write_rejects_file(scene.tracker, file, "")
    log = scene.elsewhere / "log"
    log.write_text(caplog.text, encoding="utf-8")
    found = search_tables(scene.engine, wanted)
    found += search_files(scene.home / "test.db", wanted)
    found += search_files(file, wanted)  # beside which the log lies
    assert found == []
    assert [*who_is_named(scene, key)] == []
    what_is_told(scene)
    check_bob(scene)
    figures.add("kinds of keys × places searched after an erasure", len(PLACES))


def who_is_named(scene: Scene, key: str) -> Iterator[tuple[str, Any]]:
    """The fields that are known to name a contact, where they name her."""
    fields = {"contact", "alias", "owner", "referred", "recorded_as", "merged_into"}
    with scene.engine.connect() as connection:
        for table in tenants_tables():
            for row in connection.execute(table.select()).mappings():
                yield from ((f"{table.name}.{f}", row) for f in fields & {*row} if row[f] == key)
                said = row.get("properties") or row.get("payload")
                if said and f'"friend":{json.dumps(key)}' in json.dumps(said).replace(" ", ""):
                    yield f"{table.name}, friend", row
    for entry in scene.tracker.spool.entries():
        if str(entry.contact) == key:
            yield "spool", entry


def check_bob(scene: Scene) -> None:
    """Bob has all of his events; and those that are called as she was are so still."""
    plain = Tracker(scene.engine, FUNNEL, tenant="mine", clock=Clock())
    assert plain.check().is_sound
    exported = plain.export("bob")
    assert len(exported["events"]) == (13 if is_unmistakable(scene.kind.key) else 5)
    [word] = [one for one in exported["events"] if one["id"] == "of a word"]
    assert (word["event"], word["properties"]) == ("buy", {"buy": "buy", "note": "Łukasz 7 41"})
    assert plain.contact("bob").referrals == 3
    assert len(exported["rejects"]) == (
        0 if not is_unmistakable(scene.kind.key) else 4 + (scene.kind.key == scene.kind.in_files)
    )
