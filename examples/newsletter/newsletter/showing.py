"""What the example shows of motfunnel on every page: what it just recorded, and a tour to take.

A newsletter of your own has neither, and its views import ``track`` from motfunnel itself.
"""

from typing import Any

import motfunnel
from flask import Blueprint, redirect, request, session, url_for
from motfunnel import Tracked
from werkzeug.wrappers import Response

blueprint = Blueprint("showing", __name__)


def track(contact: str, event: str, *, properties: dict[str, Any] | None = None) -> Tracked:
    """``motfunnel.track``, and a note for this browser of what came of it."""
    tracked = motfunnel.track(contact, event, properties=properties)
    kinds = [moment.kind.value for moment in tracked.moments]
    session["recorded"] = {"event": event, "moments": ", ".join(kinds) or "no moment"}
    return tracked


@blueprint.post("/tour")
def tour() -> Response:
    """Show the tour, or put it away."""
    session["tour"] = "show" in request.form
    return redirect(url_for("pages.home"))
