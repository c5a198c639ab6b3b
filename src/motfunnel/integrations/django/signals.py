"""Django's signals for moments: one for each kind, sent after the commit with ``moment``.

The sender is the class ``Tracker`` of this package, and ``using`` the alias of the database. A
receiver that fails is logged, and harms nobody.
"""

from __future__ import annotations

from typing import Any, Final

from django.dispatch import Signal

from motfunnel.domain.moment import MomentKind
from motfunnel.tracking.recording.handlers import log_failure


class MomentSignal(Signal):
    """A signal that logs a receiver that fails as a handler is logged that does.

    Args:
        kind: of which moments it tells.
    """

    def __init__(self, kind: MomentKind) -> None:
        super().__init__()
        self._kind = kind

    def send_robust(self, sender: Any, **named: Any) -> list[tuple[Any, Any]]:
        """Tell every receiver; give with each what it returned, or the error that it raised."""
        answers: list[tuple[Any, Any]] = super().send_robust(sender, **named)
        for receiver, answer in answers:
            if isinstance(answer, Exception):
                log_failure(self._kind, receiver, answer)
        return answers

    def _log_robust_failure(self, receiver: Any, err: Exception) -> None:
        """Keep Django from logging the error with its words, in which a contact may stand.

        The hook has no public name; read in Django 5.2. A test fails where it is gone.
        """


opening: Final = MomentSignal(MomentKind.OPENING)
referral: Final = MomentSignal(MomentKind.REFERRAL)
conversion: Final = MomentSignal(MomentKind.CONVERSION)
depart: Final = MomentSignal(MomentKind.DEPART)
recidivism: Final = MomentSignal(MomentKind.RECIDIVISM)
apostle: Final = MomentSignal(MomentKind.APOSTLE)
complaint: Final = MomentSignal(MomentKind.COMPLAINT)
loyalist: Final = MomentSignal(MomentKind.LOYALIST)

SIGNALS: Final[dict[MomentKind, MomentSignal]] = {
    kind: globals()[kind.value] for kind in MomentKind
}
"""The signal of each kind of moment."""
