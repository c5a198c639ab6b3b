"""An attempt to join the host's transaction, where no error is to reach the host.

Tells a transaction that the host has lost from something that never was one. Begins nothing.
"""

from __future__ import annotations

from attrs import frozen
from sqlalchemy.exc import SQLAlchemyError, UnboundExecutionError

from motfunnel.store.host import Joined, host_connection


@frozen(kw_only=True)
class Attempt:
    """What became of it.

    Attributes:
        host: the host's connection; None where there is none to join, or it could not be had.
        error: why it could not be had.
    """

    host: Joined | None = None
    error: Exception | None = None

    @property
    def is_in_vain(self) -> bool:
        """Whether the host's own session failed: what is said in it shares the fate of its work.

        A flush has failed before, the connection is lost, or the database away. What is no session
        at all, or one without an engine, is a mistake in the host's program, and loses no work.
        """
        return isinstance(self.error, SQLAlchemyError | OSError) and not isinstance(
            self.error, UnboundExecutionError
        )


def attempt_to_join(bind: object) -> Attempt:
    """Ask for the connection of the host's transaction, if there is one to join."""
    try:
        return Attempt(host=None if bind is None else host_connection(bind))
    except Exception as error:
        return Attempt(error=error)
