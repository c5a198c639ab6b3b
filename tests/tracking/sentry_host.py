"""A host with Sentry, as its own page sets it up: prints every envelope that it would send."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import sentry_sdk
from sqlalchemy import create_engine

from motfunnel.store.database.database import Database
from tests.tracking.every_line import drive


class Collector(sentry_sdk.Transport):
    """Sends nothing anywhere."""

    def capture_envelope(self, envelope: Any) -> None:
        """Print it."""
        sys.stdout.buffer.write(envelope.serialize())


def main(url: str, folder: str) -> None:
    """Drive every line of the log."""
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:1/1",
        transport=Collector,
        include_local_variables=True,
        send_default_pii=True,
        enable_logs=True,
        traces_sample_rate=1.0,
    )
    engine = create_engine(url)
    Database(engine).create_tables()
    with sentry_sdk.start_transaction(name="request"):
        drive(engine, Path(folder))
    engine.dispose()
    sentry_sdk.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
