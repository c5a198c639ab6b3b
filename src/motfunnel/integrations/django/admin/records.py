"""The lists of events, moments, rejects and funnels."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.http import HttpRequest

from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import SIGNALS
from motfunnel.integrations.django.admin.views import Browser, choice, key_column, laid_out


class EventAdmin(Browser):
    """What happened, contact by contact."""

    key = ("contact", "id")
    list_display = (
        key_column("contact", "contact"),
        key_column("event", "event"),
        "occurred_at",
        "signal",
    )
    list_filter: ClassVar = [choice("signal", (row.signal.label for row in SIGNALS), "signal")]

    def details(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Every column, and its properties laid out."""
        rows = [one for one in super().details(request, row)["rows"] if one[0] != "properties"]
        text = json.dumps(row.properties, ensure_ascii=False, indent=2)
        story = self.link("motfunnel_contact", row.contact)
        return {"rows": rows, "text": text, "text_title": "Properties", "story": story}


class MomentAdmin(Browser):
    """What came of it; each leads to its contact's story, which says why."""

    key = ("contact", "ordinal")
    list_display = (
        key_column("contact", "contact"),
        "moment",
        "occurred_at",
        key_column("from_stage", "from stage"),
        key_column("to_stage", "to stage"),
        key_column("reason", "reason"),
        "episode",
    )
    list_filter: ClassVar = [choice("moment", MomentKind, "moment")]

    def details(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Every column, and the way to the story."""
        story = self.link("motfunnel_contact", row.contact)
        return {**super().details(request, row), "story": story}


class RejectAdmin(Browser):
    """Input that could not be taken, the latest first."""

    key = ("id",)
    latest_first = True
    list_display = (
        "recorded_at",
        key_column("reason", "reason"),
        key_column("contact", "contact"),
        key_column("event", "event"),
        key_column("source", "source"),
    )
    search_fields = ("id",)
    search_help_text = "A reject's id, or how it begins"

    def details(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Every column, and the input laid out."""
        rows = [one for one in super().details(request, row)["rows"] if one[0] != "payload"]
        return {"rows": rows, "text": laid_out(row.payload), "text_title": "Input"}


class FunnelAdmin(Browser):
    """The definitions by which contacts were classified."""

    key = ("fingerprint",)
    list_display = ("fingerprint", "used_at", "tracked_at")
    search_fields = ()

    def details(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Every column, and the definition laid out."""
        rows = [one for one in super().details(request, row)["rows"] if one[0] != "definition"]
        return {"rows": rows, "text": laid_out(row.definition), "text_title": "Definition"}
