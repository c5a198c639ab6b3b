"""What templates may use beside Flask's own: the reader, the number of tasks, and formats."""

from datetime import datetime
from typing import Any

from flask import Flask, session

from newsletter.signing_in import current_reader
from newsletter.support import count_open


def init_app(app: Flask) -> None:
    """Give them to the application's templates."""
    app.context_processor(_context)
    app.add_template_filter(_day, "day")
    app.add_template_filter(_minute, "minute")
    app.add_template_filter(_percent, "percent")


def _context() -> dict[str, Any]:
    is_staff = bool(session.get("staff"))
    return {"me": current_reader(), "is_staff": is_staff, "count_open": count_open}


def _day(instant: datetime | None) -> str:
    return "–" if instant is None else f"{instant.day} {instant:%B %Y}"


def _minute(instant: datetime | None) -> str:
    return "–" if instant is None else f"{instant:%Y-%m-%d %H:%M}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
