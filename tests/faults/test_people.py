"""The model of who is who, by a few cases worked out by hand."""

from motfunnel.domain.event import make_event
from tests.faults.people import People
from tests.strategies import START
from tests.tracking.scene import FUNNEL


def people(*keys: str) -> People:
    """Somebody under each key, with one event each."""
    known = People(FUNNEL)
    for key in keys:
        known.say(make_event(key, "saw", occurred_at=START, id="1"))
    return known


def test_what_was_merged_goes_along() -> None:
    """One who was merged takes with it, in and out, whoever was merged into it before."""
    known = people("a", "b", "c")
    known.merge("a", "b")
    known.merge("b", "c")
    assert known.keys("a") == known.keys("c") == ["a", "b", "c"]
    assert (known.contacts(), len(known.history("b"))) == (["c"], 3)
    known.unmerge("b")
    assert (known.keys("a"), known.keys("c")) == (["a", "b"], ["c"])
    known.unmerge("a")
    assert known.contacts() == ["a", "b", "c"]


def test_one_who_is_merged_into_an_old_key_stays_with_that_key() -> None:
    """Whoever is merged into a key that was merged itself goes out again with that key."""
    known = people("a", "b", "c")
    known.merge("a", "b")
    known.merge("c", "a")
    known.unmerge("a")
    assert (known.keys("a"), known.keys("c")) == (["a", "c"], ["a", "c"])


def test_a_contact_is_forgotten_under_all_its_keys() -> None:
    """Whichever key is named, nothing is left of any, and all of them are free again."""
    known = people("a", "b", "c")
    known.merge("a", "b")
    known.forget("a")
    assert (known.contacts(), known.history("a"), known.into) == (["c"], [], {})
