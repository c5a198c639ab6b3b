"""``motfunnel dump`` and ``load``: a whole store as files, and back."""

from __future__ import annotations

from pathlib import Path

import click

from motfunnel.cli.output import print_lines, safe, showing_progress
from motfunnel.cli.store import with_tracker, with_tracker_of_any
from motfunnel.trackers.tracker import Tracker
from motfunnel.transfer import dump, load

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("dump")
@click.argument("folder", metavar="OUT", type=_FOLDER)
@with_tracker
def dump_command(tracker: Tracker, /, folder: Path) -> None:
    """Write everything of a tenant into the folder OUT, as Parquet, from one state of the store.

    Only its owner can read it. Who is forgotten later is in it still: delete it in time.
    """
    with showing_progress() as progress:
        dumped = dump(tracker, folder, progress=lambda done: progress("rows", done))
    print_lines([safe(str(dumped))])


@click.command("load")
@click.argument("folder", metavar="IN", type=_FOLDER)
@with_tracker_of_any
def load_command(tracker: Tracker, /, folder: Path) -> None:
    """Put what dump wrote into the folder IN into a store that has nothing of the tenant yet.

    All of it or nothing. The contacts are the tenant's that is named, whosever they were.
    """
    with showing_progress() as progress:
        loaded = load(tracker, folder, progress=lambda done: progress("rows", done))
    of = "" if loaded.tenant == tracker.tenant else f", which were of tenant {loaded.tenant!r}"
    print_lines([safe(f"loaded {loaded}{of}")])
