"""The picture of the journey shows what the tables say."""

from docs.picture import FILE, MOMENTS, draw
from motfunnel.domain.machine import TRANSITIONS
from motfunnel.domain.moment import MomentKind


def test_the_picture_is_current() -> None:
    """The picture in the documents is the one that is drawn from the tables today."""
    assert FILE.read_text("utf-8") == draw(), "run: python docs/picture.py"


def test_every_moment_is_in_it() -> None:
    """The table of transitions, and so the picture, has all eight moments."""
    drawn = {MOMENTS[moment] for *_, moment in TRANSITIONS}
    assert drawn == {kind.name for kind in MomentKind}
