"""Flask: a tracker for each application, in the transaction of its session.

``MotFunnel`` joins the session of Flask-SQLAlchemy, Flask-SQLAlchemy-Lite or plain SQLAlchemy; it
makes no session, and ends none.
"""

from motfunnel.errors import MissingExtraError, install

try:
    import blinker  # noqa: F401
    import flask  # noqa: F401
except ImportError as error:
    raise MissingExtraError(f"this needs Flask: {install('flask')}") from error

from motfunnel.integrations.flask import signals
from motfunnel.integrations.flask.extension import MotFunnel
from motfunnel.integrations.flask.visitors import session_contact

__all__ = ["MotFunnel", "session_contact", "signals"]
