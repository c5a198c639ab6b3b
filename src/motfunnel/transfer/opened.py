"""A dump, asked like a store: it is loaded into a store of its own for as long as it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from motfunnel.domain.funnel.funnel import Funnel, read_funnel
from motfunnel.trackers.tracker import Tracker
from motfunnel.transfer.dump import Progress, read_dump
from motfunnel.transfer.load import load


@contextmanager
def opened(
    folder: str | Path,
    funnel: Funnel | str | None = None,
    *,
    progress: Progress = lambda rows: None,
) -> Iterator[Tracker]:
    """Give a tracker of what a dump holds, as of when it was made.

    Its store is SQLite's, in a temporary folder that only its owner can look into, and is deleted
    in the end; nothing is written to the dump.

    Args:
        folder: what ``dump`` wrote.
        funnel: the funnel to ask by; by default the dump's own.
        progress: is called with the number of rows put in so far.

    Raises:
        SourceError: the folder holds no whole dump, or one that cannot be loaded.
        MissingExtraError: DuckDB or numpy is not installed.
    """
    dumped = read_dump(folder)
    with (
        TemporaryDirectory(prefix="motfunnel-") as place,
        Tracker(
            f"sqlite:///{place}/dump.db",
            read_funnel(funnel),
            tenant=dumped.tenant,
            clock=lambda: dumped.dumped_at,
            spool=False,
        ) as tracker,
    ):
        load(tracker, folder, progress=progress)
        yield tracker
