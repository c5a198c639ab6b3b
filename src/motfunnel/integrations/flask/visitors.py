"""An anonymous visitor of a Flask application, as the contact that its session is."""

from __future__ import annotations

from flask import has_request_context, session

from motfunnel.errors import EventError
from motfunnel.integrations.visitors import contact_of_session


def session_contact() -> str | None:
    """The contact that the running request's session is, under ``MOTFUNNEL_ANONYMOUS="session"``.

    Returns:
        The contact; None outside of a request, and where nothing is kept in the session yet: none
        is made here.

    Raises:
        EventError: the application's sessions have no key, as Flask's own have none.
    """
    if not has_request_context() or not session:
        return None
    key = getattr(session, "sid", None)
    if not isinstance(key, str):
        raise EventError(
            "Flask's own sessions lie in a cookie and have no key: keep them on the server, with "
            "Flask-Session, or give a key that you keep in the session"
        )
    return contact_of_session(key)
