"""A host under gunicorn, in processes of its own: see test_processes.py.

Made and used before gunicorn forks its workers (``--preload``), so that each inherits a tracker
that has connections.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from motfunnel import Moment, Tracker
from tests.tracking.scene import FUNNEL, NOON

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def make() -> Application:
    tracker = Tracker(os.environ["HOST_URL"], FUNNEL, tenant=os.environ["HOST_TENANT"])
    told: list[str] = []

    @tracker.on("opening")
    def hear(moment: Moment) -> None:
        told.append(moment.contact)

    tracker.track("before", "saw", id="preload", occurred_at=NOON)
    assert tracker.contact("before").events == 1

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        asked = parse_qs(environ["QUERY_STRING"])
        contact, id = asked["contact"][0], asked["id"][0]
        tracked = tracker.track(contact, "saw", id=id, occurred_at=NOON)
        profile = tracker.contact(contact)
        answer = {
            "process": os.getpid(),
            "contact": tracked.contact,
            "id": tracked.id,
            "duplicate": tracked.duplicate,
            "known": profile.contact == contact and profile.events > 0,
        }
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    return application
