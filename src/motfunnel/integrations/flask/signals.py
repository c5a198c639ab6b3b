"""A signal for each kind of moment, sent after the commit.

The sender is the application, and ``moment=`` is the moment. A receiver that raises is logged, and
harms neither the event nor other receivers.
"""

from __future__ import annotations

from typing import Final

from blinker import NamedSignal, Namespace

from motfunnel.domain.moment import MomentKind

_namespace: Final = Namespace()

SIGNALS: Final[dict[MomentKind, NamedSignal]] = {
    kind: _namespace.signal(kind.value) for kind in MomentKind
}
"""The signal of each kind."""

depart: Final = SIGNALS[MomentKind.DEPART]
opening: Final = SIGNALS[MomentKind.OPENING]
recidivism: Final = SIGNALS[MomentKind.RECIDIVISM]
conversion: Final = SIGNALS[MomentKind.CONVERSION]
loyalist: Final = SIGNALS[MomentKind.LOYALIST]
referral: Final = SIGNALS[MomentKind.REFERRAL]
apostle: Final = SIGNALS[MomentKind.APOSTLE]
complaint: Final = SIGNALS[MomentKind.COMPLAINT]
