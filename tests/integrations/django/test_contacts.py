"""A contact may be an instance of a model: its key says which, and nobody else's says the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

import motfunnel
from motfunnel import Tracker
from motfunnel.errors import EventError
from tests.integrations.django.conftest import given


def test_texts_and_numbers(alias: str, tracker: Tracker) -> None:
    """They are contacts as everywhere else."""
    key = UUID(int=7)
    for contact in ("ada", 7, key):
        motfunnel.track(contact, "saw")
    known = sorted(moment.contact for moment in tracker.moments())
    assert known == sorted(["ada", "7", str(key)])


def test_an_instance(alias: str, tenant: str, tracker: Tracker) -> None:
    """Its key is the name of its model and its own; a proxy's and a lazy one's is the same."""
    from django.utils.functional import SimpleLazyObject

    from tests.integrations.django_project.shop.models import Basket, Order

    order = Order.objects.using(alias).create(tenant=tenant, number=1)
    basket = Basket.objects.using(alias).only("number").get(pk=order.pk)
    for contact in (order, basket, SimpleLazyObject(lambda: order)):
        assert motfunnel.track(contact, "saw").contact == f"shop.order:{order.pk}"
    assert tracker.contact(order).events == 3


def test_a_user_of_a_request(alias: str, tracker: Tracker) -> None:
    """``request.user`` is a contact."""
    from django.contrib.auth.middleware import AuthenticationMiddleware
    from django.contrib.auth.models import User

    user = User.objects.using(alias).create(username=uuid4().hex)
    request: Any = SimpleNamespace(session={}, _cached_user=user)
    AuthenticationMiddleware(lambda _: None).process_request(request)
    assert motfunnel.track(request.user, "saw").contact == f"auth.user:{user.pk}"


def test_nobody(alias: str, tracker: Tracker) -> None:
    """Who is anonymous, or not saved, is refused, and told what to do."""
    from django.contrib.auth.models import AnonymousUser, User

    from tests.integrations.django_project.shop.models import Ticket

    deleted = Ticket.objects.using(alias).create()
    deleted.delete(using=alias)
    for contact, reason in (
        (AnonymousUser(), "anonymous"),
        (User(username="ada"), "auth.user that is not saved; save it first"),
        (Ticket(), "shop.ticket that is not saved"),
        (deleted, "shop.ticket that is not saved"),
    ):
        for refusing in (lambda c: motfunnel.track(c, "saw"), tracker.contact, tracker.forget):
            with pytest.raises(EventError, match=reason) as caught:
                refusing(contact)
            assert str(caught.value).count("contact") == 2


def test_a_key_of_the_projects_own(alias: str, tenant: str) -> None:
    """CONTACT_KEY is asked first; what it gives may still be an instance."""
    from django.test import override_settings

    from tests.integrations.django_project.shop.models import Order, Ticket

    order = Order.objects.using(alias).create(tenant=tenant, number=1)

    def key(contact: Any) -> object:
        return f"order {contact.number}" if isinstance(contact, Order) else contact

    ticket = Ticket.objects.using(alias).create()
    with override_settings(MOTFUNNEL=given(alias, tenant, CONTACT_KEY=key)):
        assert motfunnel.track(order, "saw").contact == "order 1"
        assert motfunnel.track(ticket, "saw").contact == f"shop.ticket:{ticket.pk}"


def test_the_way_back(alias: str, tenant: str) -> None:
    """A key of an instance leads to it, and one of something deleted or of no model nowhere."""
    from motfunnel.integrations.django.contacts import contact_key, instance_of
    from tests.integrations.django_project.shop.models import Order

    order = Order.objects.using(alias).create(tenant=tenant, number=1)
    key = str(contact_key(order))
    assert instance_of(key, using=alias) == order
    order.delete()
    for lost in (key, "ada@example.com", "shop.order:ada", "no.model:7", "shop.order", ":", ""):
        assert instance_of(lost, using=alias) is None
