"""The read-only admin: lists of what is stored, and the story of each contact.

Django refuses to register models whose key has several columns, for its own pages would not know
how to address them. These pages do, so they are put where ``register`` of Django 5.2 would put
them.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin

from motfunnel.integrations.django import models
from motfunnel.integrations.django.admin.contacts import ContactAdmin
from motfunnel.integrations.django.admin.records import (
    EventAdmin,
    FunnelAdmin,
    MomentAdmin,
    RejectAdmin,
)

PAGES: Final = {
    models.Contact: ContactAdmin,
    models.Event: EventAdmin,
    models.Moment: MomentAdmin,
    models.Reject: RejectAdmin,
    models.DefinedFunnel: FunnelAdmin,
}


def register(site: admin.AdminSite) -> None:
    """Put the pages into an admin site, beside those of the host."""
    for model, pages in PAGES.items():
        site._registry.setdefault(model, pages(model, site))


register(admin.site)

__all__: list[Any] = ["register"]
