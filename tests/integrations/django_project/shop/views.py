"""The views of the shop."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse

import motfunnel
from tests.integrations.django_project.shop.models import Order


def buy(request: Any, number: int) -> HttpResponse:
    """Take an order and track it; every odd number fails in the end."""
    tenant = settings.MOTFUNNEL["TENANT"]
    Order.objects.using(settings.MOTFUNNEL["DATABASE"]).create(tenant=tenant, number=number)
    motfunnel.track(f"contact {number}", "bought", id=str(number))
    if number % 2:
        raise RuntimeError("the card was declined")
    return HttpResponse("thanks")


async def abuy(request: Any, number: int) -> HttpResponse:
    """The same for an event loop."""
    tracked = await motfunnel.tracker().atrack(f"contact {number}", "bought", id=str(number))
    return HttpResponse(tracked.moments[0].kind.value)


async def hasty(request: Any) -> HttpResponse:
    """Forgets to await."""
    motfunnel.track("ada", "bought")
    return HttpResponse("never")


def see(request: Any) -> HttpResponse:
    """Track a look, with whatever the query says under the name of a property."""
    given = {name[2:]: value for name, value in request.GET.items() if name.startswith("p_")}
    motfunnel.track("ada", "saw", properties=given or None, id=request.GET.get("id"))
    return HttpResponse("seen")


async def asee(request: Any) -> HttpResponse:
    """The same for an event loop."""
    await motfunnel.tracker().atrack("ada", "saw")
    return HttpResponse("seen")
