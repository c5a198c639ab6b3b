"""Small Hours, a newsletter: readers come, read, pay, complain, leave and come back.

The application factory. What motfunnel needs of it is one line: ``MotFunnel(app, …)``; its
dashboard is another.
"""

import os
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from motfunnel.integrations.flask import MotFunnel

from newsletter import mailbox, membership, pages, presentation, seed, showing, staff, support
from newsletter.funnel import funnel
from newsletter.models import db


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the application; ``FLASK_…`` in the environment sets what is not given."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY="dev",  # in production: FLASK_SECRET_KEY
        SQLALCHEMY_DATABASE_URI=os.environ.get("DATABASE_URL", "sqlite:///newsletter.db"),
        STAFF_PASSWORD="",  # without one, nobody enters the staff's pages
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    db.init_app(app)
    MotFunnel(app, db=db, funnel=funnel)
    Migrate(app, db)
    CSRFProtect(app)
    for part in (pages, membership, mailbox, showing, staff):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(staff.dashboard, url_prefix="/staff/dashboard")
    app.cli.add_command(seed.seed_command)
    presentation.init_app(app)
    support.init_app(app)
    app.after_request(_allow_own_files_only)
    return app


def _allow_own_files_only(response: Response) -> Response:
    """Nothing of a page comes from elsewhere; the dashboard's pages say so themselves."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'self'")
    return response
