"""What an import answers: how many rows came, and what became of them."""

from __future__ import annotations

from attrs import frozen

from motfunnel.text import counted


@frozen(kw_only=True)
class Imported:
    """The outcome of an import; ``rows`` is the sum of ``added``, ``duplicates``, ``rejected``.

    Attributes:
        source: the name of the file.
        rows: how many rows it has.
        added: how many were new events.
        duplicates: how many had been taken before, as the same event.
        rejected: how many could not be taken; they are in the table of rejects.
        contacts: how many contacts were folded because of it.
        resumed_after: the line up to which an earlier run that was broken off had come; 0: none.
        reasons: the first few rejects of this run, each a line and a reason.
        unmapped: names of events that no rule of the funnel names, as far as seen.
    """

    source: str
    rows: int
    added: int
    duplicates: int
    rejected: int
    contacts: int
    resumed_after: int = 0
    reasons: tuple[tuple[int, str], ...] = ()
    unmapped: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, and one for each of the first rejects."""
        head = (
            f"{self.source}: {counted(self.rows, 'row')}, {self.added:,} added, "
            f"{self.duplicates:,} there before, {self.rejected:,} rejected; "
            f"{counted(self.contacts, 'contact')} folded"
        )
        lines = [f"  line {line}: {reason}" for line, reason in self.reasons]
        more = self.rejected - len(self.reasons)
        return "\n".join([head, *lines, *([f"  and {more:,} more"] if lines and more > 0 else [])])
