"""The delivery: what waits in the spool, recorded in the order in which it was said.

Each event keeps the id and the instant that were fixed when it was set aside, so that it is
recorded once, however often a delivery is broken off and begun again. What is refused now goes to
the rejects. Tells no handlers: whoever delivers does, once it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from motfunnel.domain.wording import counted
from motfunnel.errors import StoreError
from motfunnel.store.deadline import is_over
from motfunnel.tracking.log import write_line
from motfunnel.tracking.recorder import Said
from motfunnel.tracking.set_aside import SetAside, reason_of
from motfunnel.tracking.spool import Spool
from motfunnel.tracking.tracked import Tracked

if TYPE_CHECKING:
    from motfunnel.tracking.writer import Outcome, Writer

AT_ONCE: Final = 100


@frozen(kw_only=True)
class Delivered:
    """What a delivery did.

    Attributes:
        recorded: how many events were new.
        duplicates: how many had been recorded before, by the call itself or another delivery.
        rejected: how many went to the rejects.
        left: how many still wait.
    """

    recorded: int = 0
    duplicates: int = 0
    rejected: int = 0
    left: int = 0

    def __str__(self) -> str:
        """One line."""
        return (
            f"{counted(self.recorded, 'event')} recorded, {self.duplicates:,} there before, "
            f"{self.rejected:,} rejected, {self.left:,} left"
        )


def deliver_all(writer: Writer, spool: Spool, delivered: list[Outcome]) -> Delivered:
    """Deliver some at a time, until nothing or no time is left.

    Args:
        writer: records.
        spool: what waits.
        delivered: takes the outcomes, as far as it comes.

    Raises:
        StoreError: the database is not there.
        NoFunnelError: there is no funnel.
    """
    done, _ = Delivered(), writer.funnel  # without one, nothing could be told of what waits
    with spool.delivering() as is_ours:
        while is_ours and not is_over():
            some = [*islice(spool.lines(), AT_ONCE)]
            if not some:
                if torn := spool.part_with_torn():
                    write_line(
                        "warning",
                        "lines of the spool cannot be read; they lie beside it",
                        lines=torn,
                    )
                break
            outcomes = _deliver(writer, [aside for _, aside in some])
            spool.remove([line for line, _ in some])
            delivered += outcomes
            done = _count(done, outcomes)
    return evolve(done, left=len(spool))


def _deliver(writer: Writer, asides: Sequence[SetAside]) -> list[Outcome]:
    fates = [_read(writer, aside) for aside in asides]
    outcomes = iter(writer._record_or_raise([fate for fate in fates if isinstance(fate, Said)]))
    result = [next(outcomes) if isinstance(fate, Said) else fate for fate in fates]
    refused = [
        evolve(aside, is_refused=True, reason=aside.reason if aside.is_refused else reason_of(one))
        for aside, one in zip(asides, result, strict=True)
        if isinstance(one, Exception)
    ]
    if refused:
        writer._keeper.reject(refused, datetime.now(UTC))
    return result


def _read(writer: Writer, aside: SetAside) -> Said | Exception:
    try:
        return writer.interpreter.take_again(writer.funnel, aside)
    except StoreError:
        raise
    except Exception as error:
        return error


def _count(done: Delivered, outcomes: Sequence[Outcome]) -> Delivered:
    rejected = sum(isinstance(one, Exception) for one in outcomes)
    duplicates = sum(isinstance(one, Tracked) and one.duplicate for one in outcomes)
    return evolve(
        done,
        recorded=done.recorded + len(outcomes) - rejected - duplicates,
        duplicates=done.duplicates + duplicates,
        rejected=done.rejected + rejected,
    )
