"""Thirty pairs of keys that look alike: every database tells them apart, and all do so alike."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.store.database.database import Database
from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.figures import Figures
from tests.faults.operations import HAS_IDENTITY, said
from tests.faults.soak import size
from tests.tracking.scene import FUNNEL, day

PAIRS = [
    # Case.
    ("bob", "Bob"),
    ("straße", "STRASSE"),
    ("strasse", "straße"),
    ("istanbul", "ıstanbul"),
    ("İzmir", "i̇zmir"),
    ("σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("ς", "σ"),
    # Blanks.
    ("ada", "ada "),
    ("ada", " ada"),
    ("ada", "ada\t"),
    ("ada", "ada\n"),
    ("a b", "a  b"),
    ("a b", "a\u00a0b"),
    ("a b", "a\u2009b"),
    ("a b", "a\u3000b"),
    # One letter, composed and decomposed; accents.
    ("caf\u00e9", "cafe\u0301"),
    ("\uac00", "\u1100\u1161"),
    ("\u212b", "\u00e5"),
    ("e", "é"),
    ("o\u0323\u0302", "o\u0302\u0323"),
    # Emoji and what lies beyond 16 bits.
    ("😀", "😁"),
    ("👩", "👩\u200d🚀"),
    ("👍", "👍🏽"),
    ("❤", "❤\ufe0f"),
    ("𝐚da", "ada"),
    # Width, and characters without any.
    ("ａｄａ", "ada"),
    ("ｶ", "カ"),
    ("ada", "a\u200bda"),
    ("ada", "\ufeffada"),
    ("ab", "a\u00adb"),
    ("ada", "ada\u200e"),
    # Letters that look or sort alike.
    ("а", "a"),
    ("ﬁn", "fin"),
    ("1", "١"),
    ("a_c", "abc"),
    ("100%", "100x"),
    ("o'brien", "o''brien"),
    ("a\\b", "a\\\\b"),
    ("\uffff", "\U0010ffff"),
]


@pytest.fixture
def tracker(shared_engine: Engine, tenant: str) -> Tracker:
    """A tracker of a tenant without contacts."""
    Database(shared_engine).create_tables()
    return Tracker(shared_engine, funnel=FUNNEL, tenant=tenant)


def test_pairs_are_thirty_at_least(figures: Figures) -> None:
    """No pair is one key twice."""
    assert len(PAIRS) >= 30
    assert all(one != other for one, other in PAIRS)
    figures.add("pairs of keys that look alike", len(PAIRS))


def test_contacts_are_told_apart(tracker: Tracker) -> None:
    """Contacts whose keys look alike are each somebody else, with a journey of their own."""
    for number, (one, other) in enumerate(PAIRS):
        # Each pair comes both ways round, and under ids of its own: keys repeat among the pairs.
        tracker.track_many(
            [
                said(one, "saw", f"{number}", 0),
                said(other, "bought", f"{number}", 1),
                said(other, "left", f"{number} gone", 2, reason=one),
            ]
        )
    keys = {key for pair in PAIRS for key in pair}
    # Every key is somebody with just the events that were told of that key.
    for key in keys:
        told = sum((one == key) + 2 * (other == key) for one, other in PAIRS)
        assert tracker.contact(key).events == told
    assert {moment.contact for moment in tracker.moments(as_of=day(3))} == keys
    assert {moment.contact for key in keys for moment in tracker.moments(key)} == keys
    assert check_contacts(tracker).is_sound
    assert check_contacts(tracker).contacts == len(keys)


def test_ids_are_told_apart(tracker: Tracker) -> None:
    """Events of one contact whose ids look alike are different events, and each its own retry."""
    for number, (one, other) in enumerate(PAIRS):
        both = [said(f"contact {number}", "saw", id, 0) for id in (one, other)]
        assert [tracked.duplicate for tracked in tracker.track_many(both)] == [False, False]
        assert [tracked.duplicate for tracked in tracker.track_many(both)] == [True, True]
        assert tracker.contact(f"contact {number}").events == 2
    assert check_contacts(tracker).is_sound


def test_reasons_traits_and_cases_are_told_apart(tracker: Tracker) -> None:
    """Reasons, traits and cases that look alike are kept, and grouped by, as they are."""
    for number, (one, other) in enumerate(PAIRS):
        for contact, word in ((f"{number} a", one), (f"{number} b", other)):
            tracker.identify(contact, {"word": word}, occurred_at=day(0), id="t")
            tracker.track_many(
                [
                    said(contact, "complained", "1", 1, ticket=word),
                    said(contact, "left", "2", 2, reason=word),
                ]
            )
        # A case that looks alike is not the one that is open.
        tracker.track_many([said(f"{number} a", "solved", "3", 3, ticket=other)])
        assert [case.case for case in tracker.contact(f"{number} a").open_cases] == [one]
        assert tracker.contact(f"{number} b").episodes[0].reason == other
    within = day(2) - day(1)
    for by in ("reason", "trait:word"):
        rows = tracker.report().recidivism(within=within, by=by).rows
        words = [word for pair in PAIRS for word in pair]
        assert {row.group: row.denominator for row in rows} == {
            word: words.count(word) for word in words
        }


@pytest.mark.skipif(not HAS_IDENTITY, reason="this library knows no merge and no forget")
def test_merge_and_forget_take_the_one_that_is_named(tracker: Tracker) -> None:
    """A merge, its undoing, or an erasure of one key does nothing to a key that looks alike."""
    both_ways = [*PAIRS, *((other, one) for one, other in PAIRS)]
    for number, (old, bystander) in enumerate(both_ways[:: size(9, 1)]):
        mine: Any = Tracker(
            tracker.database.engine, FUNNEL, tenant=f"{tracker.tenant[:50]}{number}"
        )
        mine.track_many([said(key, "saw", "1", 0) for key in (old, bystander, "x y z")])
        mine.merge(old, into="x y z")
        assert [mine.contact(key).events for key in (old, bystander, "x y z")] == [2, 1, 2]
        mine.unmerge(old)
        assert [mine.contact(key).events for key in (old, bystander, "x y z")] == [1, 1, 1]
        mine.merge(old, into=bystander)
        assert [mine.contact(key).events for key in (old, bystander, "x y z")] == [2, 2, 1]
        mine.unmerge(old)
        mine.forget(old)
        assert [mine.contact(key).events for key in (old, bystander, "x y z")] == [0, 1, 1]
        assert check_contacts(mine).is_sound
