"""The dashboard: what a marketer opens on Monday, mounted in a host's own application.

Asks reports and shows their answers as pages. Changes nothing that was recorded, ever; what it
keeps in the store, a refresh does.
"""

from motfunnel.dashboard.assets import write_assets
from motfunnel.dashboard.precomputed import Refreshed, refresh
from motfunnel.dashboard.web.asgi import asgi
from motfunnel.dashboard.web.core import Dashboard
from motfunnel.dashboard.web.message import Request, Response
from motfunnel.dashboard.web.wsgi import wsgi

__all__ = [
    "Dashboard",
    "Refreshed",
    "Request",
    "Response",
    "asgi",
    "refresh",
    "write_assets",
    "wsgi",
]
