"""What the example shows of motfunnel on every page: what was just recorded, and a tour to take.

A shop of your own has neither. The ribbon is read from motfunnel's tables, as any page may.
"""

import motfunnel
from django.conf import settings
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from motfunnel.integrations.django.contacts import contact_key
from motfunnel.integrations.django.models import Event, Moment

from shop.contacts import VISITOR

TOUR = "tour"


def on_every_page(request):
    """Give templates the newest event of whoever looks; of anybody, where the staff look."""
    if not hasattr(request, "user"):  # an error's page, before there is a user
        return {}
    events = Event.objects.filter(tenant=motfunnel.tracker().tenant)
    if not request.user.is_staff:
        who = request.user if request.user.is_authenticated else request.session.get(VISITOR)
        events = events.filter(contact=contact_key(who)) if who else events.none()
    event = events.order_by("-recorded_at", "-occurred_at").first()
    return {
        "recorded": event,
        "moments": event and moments_of(event),
        "tour": request.session.get(TOUR, True),
        "is_example": settings.DEBUG,
    }


def moments_of(event):
    """The kinds of the moments that an event made; most events make none."""
    made = Moment.objects.filter(
        tenant=event.tenant, contact=event.contact, event_id=event.id
    ).order_by("ordinal")
    return [one.moment for one in made]


@require_POST
def show_tour(request):
    """Show the tour, or put it away."""
    request.session[TOUR] = "show" in request.POST
    return redirect("catalogue")
