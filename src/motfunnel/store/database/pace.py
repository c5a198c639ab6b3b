"""How often a history keeps a checkpoint, and how long a fold a call waits for."""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class Pace:
    """How much a late event may cost; counts and no clock, so that it is the same everywhere.

    Attributes:
        every: a history keeps its state at every so-many-th event; a shorter one keeps none.
        most: of events that a call folds; where more follow, the fold is owed.
    """

    every: int = 250
    most: int = 5000


PACE: Final = Pace()
"""What the tracker keeps to."""
