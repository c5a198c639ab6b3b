"""Who is a contact: a customer by its account, a visitor by a key in its session, never the staff.

The key is the session's own and not Django's session key, which changes at every log-in.
"""

from uuid import uuid4

from django.contrib.auth.decorators import user_passes_test
from motfunnel import track

VISITOR = "visitor"

customer_required = user_passes_test(lambda user: user.is_authenticated and not user.is_staff)
"""For views of customers who are logged in."""


def contact_of(request):
    """Give the user, or the key of a visitor who has none yet."""
    if request.user.is_authenticated:
        return request.user
    return request.session.setdefault(VISITOR, f"visitor:{uuid4()}")


def track_visit(request, event, **properties):
    """Record what a visitor or a customer did; what the staff look at says nothing."""
    if not request.user.is_staff:
        track(contact_of(request), event, properties=properties)
