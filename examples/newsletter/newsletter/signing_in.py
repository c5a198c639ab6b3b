"""Who is there: a reader, by a personal link, or the staff, by a password."""

from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from typing import Any

from flask import current_app, flash, g, redirect, request, session, url_for

from newsletter.models import Reader, db


def current_reader() -> Reader | None:
    """The reader whose personal link was opened in this browser."""
    if "reader" not in g:
        g.reader = known("reader")
    found: Reader | None = g.reader
    return found


def known(role: str) -> Reader | None:
    """The reader whom this browser's session knows in a role, if any."""
    key = session.get(role)
    return None if key is None else db.session.get(Reader, key)


def for_readers(view: Callable[..., Any]) -> Callable[..., Any]:
    """Give a view the reader as its first argument; send a stranger to the front page."""

    @wraps(view)
    def guarded(**arguments: Any) -> Any:
        reader = current_reader()
        if reader is None:
            flash("Write your address below, and we send you the link to your page.")
            return redirect(url_for("pages.home"))
        return view(reader, **arguments)

    return guarded


def is_password(given: str) -> bool:
    """Whether this is the staff's password; never, if there is none."""
    wanted = current_app.config["STAFF_PASSWORD"]
    return bool(wanted) and compare_digest(given.encode(), str(wanted).encode())


def require_staff() -> Any:
    """Send everybody else to the form for the password."""
    if not session.get("staff") and request.endpoint != "staff.login":
        return redirect(url_for("staff.login", after=request.path))
    return None
