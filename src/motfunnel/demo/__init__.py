"""The demonstration: the Git project's own history, classified and questioned on one screen.

The facts (time, pseudonym, kind of act, commit) were read from the project's public repository.
Uses only what any application can: the tracker, an import, and reports.
"""

from motfunnel.demo.tour import run

__all__ = ["run"]
