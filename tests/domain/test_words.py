"""A funnel's own words: in Python and in files, and refused with what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.domain.funnel.words import KEYS, USUAL
from motfunnel.domain.moment import MomentKind, Presence
from motfunnel.errors import FunnelError

OWN = {"contact": ["person", "people"], "purchase": "commit", "depart": "cancelled"}


def funnel(**more: Any) -> Funnel:
    """A funnel of two events."""
    rules = {"came": touch(), "went": leave()}
    return Funnel(stages=("visitor", "customer"), rules=rules, **more)


def test_all_that_happens_and_is_has_a_word() -> None:
    """Every moment, both presences that a contact can be in, and what is counted."""
    known = {Presence.ACTIVE, Presence.DEPARTED, *MomentKind}
    assert {*KEYS} == {"contact", "purchase", *(one.value for one in known)}
    assert len(set(USUAL.values())) == len(USUAL)


def test_they_are_read_from_a_file_and_written_back(tmp_path: Path) -> None:
    """A plural is said where it is not made with an s, and kept."""
    file = tmp_path / "funnel.toml"
    words = 'contact = ["person", "people"]\npurchase = "commit"\ndepart = "cancelled"\n'
    file.write_text(
        'stages = ["visitor", "customer"]\n[rules]\ncame = "touch"\nwent = "leave"\n[words]\n'
        + words
    )
    read = Funnel.from_toml(file)
    assert read == funnel(words=OWN)
    assert read.to_dict()["words"] == OWN
    assert Funnel.from_dict(read.to_dict()) == read
    assert read.spoken == {
        **USUAL,
        "contact": "person",
        "contacts": "people",
        "purchase": "commit",
        "purchases": "commits",
        "depart": "cancelled",
    }


def test_they_classify_nothing_and_are_kept(tmp_path: Path) -> None:
    """The fingerprint is the same, the funnel is not; nothing is to be rebuilt."""
    assert funnel(words=OWN).fingerprint == funnel().fingerprint
    assert funnel(words=OWN) != funnel()
    assert "words" not in funnel().to_dict()
    url = f"sqlite:///{tmp_path / 'store.db'}"
    for words in ({}, OWN):
        with Tracker(url, funnel=funnel(words=words)) as tracker:
            tracker.track("ada", "came")
            tracker.report().growth()
    with Tracker(url) as tracker:
        assert tracker.funnel == funnel(words=OWN)


def test_the_store_keeps_the_words_that_wrote_last(tmp_path: Path) -> None:
    """Asking keeps nothing; a rebuild does, and so does whoever tracks."""
    url = f"sqlite:///{tmp_path / 'store.db'}"

    def kept() -> str:
        with Tracker(url) as tracker:
            return tracker.report().growth().word("departures")

    with Tracker(url, funnel=funnel()) as tracker:
        tracker.track("ada", "came")
    with Tracker(url, funnel=funnel(words=OWN)) as tracker:
        assert tracker.report().growth().word("departures") == "cancelled"
        assert kept() == "left"
        tracker.rebuild()
    assert kept() == "cancelled"
    with Tracker(url, funnel=funnel()) as tracker:
        tracker.track("bob", "came")
    assert kept() == "left"


@pytest.mark.parametrize(
    "word",
    ["ग्राहक", "ผู้ซื้อ", "e\u0301te\u0301", "می\u200cآید", "לקוח", "客户", "क्\u200dषेत्र", "d'accord"],
)
def test_letters_of_any_script_make_a_word(word: str) -> None:
    """With the marks that stand upon them, and the signs that join and part them."""
    assert funnel(words={"contact": word}).spoken["contact"] == word


REFUSED = [
    ("words", {"words": "person"}),
    ("words.contacts", {"words": {"contacts": "people"}}),
    ("words.departed_at", {"words": {"departed_at": "x"}}),
    ("words.depart", {"words": {"depart": ["left", "leaves"]}}),
    ("words.depart", {"words": {"depart": ""}}),
    ("words.depart", {"words": {"depart": " left"}}),
    ("words.depart", {"words": {"depart": "x" * 25}}),
    ("words.depart", {"words": {"depart": "went  away"}}),
    ("words.depart", {"words": {"depart": "\u0301a"}}),
    ("words.depart", {"words": {"depart": "a" + "\u0301" * 96}}),
    ("words.depart", {"words": {"depart": "\u200d"}}),
    ("words.depart", {"words": {"depart": "- '"}}),
    ("words.depart", {"words": {"depart": "left", "departed": "le\u200dft"}}),
    ("words.depart", {"words": {"depart": "fu\u0308r", "departed": "f\u00fcr"}}),
    ("words.depart", {"words": {"depart": "{level}"}}),
    ("words.depart", {"words": {"depart": "<b>left</b>"}}),
    ("words.contact", {"words": {"contact": ["person"]}}),
    ("words.contact", {"words": {"contact": 3}}),
    ("words.depart", {"words": {"depart": "came back"}}),
    ("words.contact", {"words": {"contact": "purchase"}}),
]


@pytest.mark.parametrize(("key", "more"), REFUSED)
def test_what_is_no_word_is_refused(key: str, more: dict[str, Any]) -> None:
    """The error names the key, and says what to write."""
    with pytest.raises(FunnelError) as raised:
        funnel(**more)
    assert raised.value.key == key
    assert raised.value.remedy
