"""The list of contacts, and the story of each: what is known, what happened, and why it counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Case, Q, QuerySet, When
from django.http import HttpRequest
from django.utils.html import format_html

from motfunnel.domain.moment import Presence
from motfunnel.errors import MotfunnelError
from motfunnel.integrations.django import models
from motfunnel.integrations.django.addresses import shown
from motfunnel.integrations.django.admin.views import Browser, as_key, choice, key_column
from motfunnel.integrations.django.contacts import instance_of
from motfunnel.integrations.django.settings import read_contact_url
from motfunnel.trackers.configured import tracker
from motfunnel.tracking.profile.profile import Explained, Profile

EVENTS_VAR: Final = "events"
_AT_ONCE: Final = 100


_ByPresence: Any = choice("presence", Presence, "presence")


class PresenceFilter(_ByPresence):
    """Who is with us by now: a silence that nobody has written down is a departure all the same."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Go by the deadline, too."""
        is_overdue = Q(presence=Presence.ACTIVE.value, deadline_at__lte=_as_of(request))
        match self.value():
            case Presence.DEPARTED:
                return queryset.filter(is_overdue | Q(presence=Presence.DEPARTED.value))
            case Presence.ACTIVE:
                return queryset.filter(presence=Presence.ACTIVE.value).exclude(is_overdue)
        return super().queryset(request, queryset)


class ContactAdmin(Browser):
    """Contacts, in the order of their keys."""

    record_template = "admin/motfunnel/story.html"
    list_display = (
        key_column("contact", "contact"),
        "presence_by_now",
        key_column("stage", "stage"),
        "last_touch_at",
        "deadline_at",
        "departures",
        "purchases",
    )
    list_filter: ClassVar = [PresenceFilter]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Tell of each whether its deadline has come."""
        is_overdue = Q(presence=Presence.ACTIVE.value, deadline_at__lte=_as_of(request))
        overdue = Case(When(is_overdue, then=True), default=False, output_field=BooleanField())
        return super().get_queryset(request).annotate(is_overdue=overdue)

    @admin.display(description="presence")
    def presence_by_now(self, row: Any) -> Any:
        """Where a contact is, or which it is part of."""
        if row.merged_into is not None:
            return format_html("merged into {}", as_key(row.merged_into))
        return Presence.DEPARTED.value if row.is_overdue else row.presence

    @admin.display(description="departures")
    def departures(self, row: Any) -> int:
        """How often it left, the silence of now included."""
        return int(row.episodes) + int(row.is_overdue)

    def details(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The story; where it cannot be told, what is stored, and the reason."""
        try:
            profile = tracker().contact(row.contact)
        except MotfunnelError as error:
            return {**super().details(request, row), "trouble": str(error)}
        can_see = request.user.has_perm("motfunnel.view_event")
        return {
            "profile": profile,
            "key": shown(profile.contact),
            **_page(profile.contact),
            "aliases": [(shown(one), self.link(self.route, one)) for one in profile.aliases],
            "merged": shown(row.contact) if row.contact != profile.contact else None,
            "traits": [(shown(name), _said(value)) for name, value in profile.traits.items()],
            "moments": [self._moment(one, can_see) for one in profile.story],
            "events": self._events(request, profile) if can_see else None,
            "events_var": EVENTS_VAR,
        }

    def _moment(self, one: Explained, can_see: bool) -> dict[str, Any]:
        key, event_id = one.moment.event_key
        is_linked = can_see and event_id is not None
        return {
            "kind": one.moment.kind.value,
            "occurred_at": one.moment.occurred_at,
            "why": one.why,
            "link": self.link("motfunnel_event", key, event_id) if is_linked else None,
        }

    def _events(self, request: HttpRequest, profile: Profile) -> Page:
        """A page of the events of a contact and of the keys that were merged into it."""
        keys = (profile.contact, *profile.aliases)
        rows = models.Event.objects.filter(tenant=self.tenant(), contact__in=keys)
        pages = Paginator(rows.order_by("occurred_at", "contact", "id"), _AT_ONCE)
        page = pages.get_page(request.GET.get(EVENTS_VAR))
        for event in page.object_list:
            event.link = self.link("motfunnel_event", event.contact, event.id)
            event.said = _said(event.properties) if event.properties else ""
            event.recorded_under = shown(event.contact)
        return page


def _page(contact: str) -> dict[str, str | None]:
    """The contact's page in the project; or that the project's own function failed."""
    try:
        return {"page": page_url(contact)}
    except Exception as error:
        return {"no_page": type(error).__name__}


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_of(request: Any) -> datetime:
    """The instant of the page: the tracker's own, asked for once."""
    if not hasattr(request, "_motfunnel_as_of"):
        try:
            request._motfunnel_as_of = tracker().as_of(None)
        except MotfunnelError:
            request._motfunnel_as_of = datetime.now(UTC)
    instant: datetime = request._motfunnel_as_of
    return instant


def page_url(key: str) -> str | None:
    """The address of a contact's own page in the project; None where it has none.

    The setting ``CONTACT_URL`` gives it, or else ``get_absolute_url`` of the instance.

    Args:
        key: as a moment's ``contact``.
    """
    own = read_contact_url()
    absolute = None if own is not None else getattr(instance_of(key), "get_absolute_url", None)
    given = own(key) if own is not None else absolute() if callable(absolute) else None
    # An address that is made of a contact's key must not be a script.
    is_address = isinstance(given, str) and given.startswith(("/", "http://", "https://"))
    return given if is_address else None
