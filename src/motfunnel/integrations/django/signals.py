"""Django's signals for moments: one for each kind, sent after the commit with ``moment``.

The sender is the class ``Tracker`` of this package, and ``using`` the alias of the database. A
receiver that fails is logged, and harms nobody.
"""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

from motfunnel.domain.moment import MomentKind

opening = Signal()
referral = Signal()
conversion = Signal()
depart = Signal()
recidivism = Signal()
apostle = Signal()
complaint = Signal()
loyalist = Signal()

SIGNALS: Final[dict[MomentKind, Signal]] = {kind: globals()[kind.value] for kind in MomentKind}
"""The signal of each kind of moment."""
