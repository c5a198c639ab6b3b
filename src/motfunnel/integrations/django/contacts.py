"""What a Django project passes as a contact: a text, a number, or an instance of a model.

And the way back, for who is told of a moment: from its contact to the instance, and to its story.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.sessions.backends import signed_cookies
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse

from motfunnel.errors import AnonymousError, EventError
from motfunnel.integrations.django import addresses
from motfunnel.integrations.django.request import running_request
from motfunnel.integrations.visitors import contact_of_session, is_anonymous


def contact_key(contact: Any) -> object:
    """The key of a saved instance, ``app.model:pk``; anything else is given back as it is.

    A proxy, and an instance whose fields are deferred, has the key of its concrete model. So has
    ``request.user``.

    Raises:
        EventError: the instance is not saved.
        AnonymousError: it stands for nobody.
    """
    if is_anonymous(contact):
        raise AnonymousError("the contact is an anonymous user, who has no key")
    if not isinstance(contact, Model):
        return contact
    label = contact._meta.concrete_model._meta.label_lower
    if contact.pk is None or contact._state.adding:
        raise EventError(f"the contact is an instance of {label} that is not saved; save it first")
    if isinstance(contact.pk, tuple):
        raise EventError(
            f"the contact is an instance of {label}, whose key has several parts; give a text"
        )
    return f"{label}:{contact.pk}"


def instance_of(key: str, *, using: str | None = None) -> Model | None:
    """The instance whose key this is; None where it is not there any more, or never was one.

    Args:
        key: as a moment's ``contact``.
        using: the alias of the database; by default the one that routers name.
    """
    label, _, pk = key.rpartition(":")
    try:
        model = apps.get_model(label)
        found: Model | None = model._default_manager.using(using).filter(pk=pk).first()
    except (LookupError, ValueError, ValidationError):
        return None
    return found


def story_url(contact: object, *, site: str = "admin") -> str:
    """The address of a contact's story in the admin.

    Args:
        contact: its key, or an instance of a model.
        site: the name of the admin site.
    """
    address = addresses.write((contact_key(contact),))
    return str(reverse(f"{site}:motfunnel_contact_change", kwargs={"address": address}))


def session_contact(request: Any = None) -> str | None:
    """The contact that an anonymous visitor's session is, under ``"ANONYMOUS": "session"``.

    Args:
        request: whose session; by default that of the request that is running, which the
            middleware ``RequestContext`` knows.

    Returns:
        The contact; None where the session is not saved yet, for none is made here.

    Raises:
        EventError: the project's sessions have no key that stays.
    """
    asked = running_request() if request is None else request
    session = getattr(asked, "session", None)
    if session is None:
        return None
    if isinstance(session, signed_cookies.SessionStore):
        raise EventError("sessions in signed cookies have no key that stays; keep them elsewhere")
    session.keys()  # looks it up: the key that a browser brings may be of no session
    key: str | None = session.session_key
    return None if key is None else contact_of_session(key)
