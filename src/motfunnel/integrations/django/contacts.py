"""What a Django project passes as a contact: a text, a number, or an instance of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from motfunnel.errors import EventError

Keyed = Callable[[Any], object]


def contact_key(contact: Any) -> object:
    """The key of a saved instance, ``app.model:pk``; anything else is given back as it is.

    A proxy, and an instance whose fields are deferred, has the key of its concrete model. So has
    ``request.user``.

    Raises:
        EventError: the instance is not saved, or stands for nobody.
    """
    if getattr(contact, "is_anonymous", False) is True:
        raise EventError(
            "the contact is an anonymous user; give a key of its own, such as its session's"
        )
    if not isinstance(contact, Model):
        return contact
    label = contact._meta.concrete_model._meta.label_lower
    if contact.pk is None or contact._state.adding:
        raise EventError(f"the contact is a {label} that is not saved; save it first")
    if isinstance(contact.pk, tuple):
        raise EventError(f"the contact is a {label}, whose key has several parts; give a text")
    return f"{label}:{contact.pk}"


def keyed_by(own: Keyed | None) -> Keyed:
    """Ask the project's own function first, where it has one."""
    return contact_key if own is None else lambda contact: contact_key(own(contact))
