"""What happens by itself: visitors become customers, and moments become work for the desk."""

import motfunnel
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone
from motfunnel.integrations.django import signals
from motfunnel.integrations.django.contacts import instance_of

from shop.contacts import VISITOR
from shop.models import Task


@receiver(user_logged_in)
def know_the_visitor_again(request, user, **kwargs):
    """At a log-in and a sign-up alike, what the visitor did becomes the customer's history."""
    visitor = request.session.pop(VISITOR, None)
    if user.is_staff:
        return
    with transaction.atomic():
        if visitor is not None:
            motfunnel.tracker().merge(visitor, into=user)
        motfunnel.track(user, "logged_in")


@receiver(signals.depart)
def look_after_who_left(moment, **kwargs):
    """A customer who left is somebody to write to."""
    add_task(moment, f"left: {moment.reason}")


@receiver(signals.apostle)
def thank_who_speaks_well_of_us(moment, **kwargs):
    """An apostle gets a present."""
    add_task(moment, "speaks well of us: send a tin")


@receiver(signals.recidivism)
def welcome_who_came_back(moment, **kwargs):
    """Nobody need write to a customer who is back."""
    Task.objects.filter(user=instance_of(moment.contact), moment="depart", done_at=None).update(
        done_at=timezone.now()
    )


def add_task(moment, text):
    """Put a customer on the desk's list; a visitor has no address to write to."""
    user = instance_of(moment.contact)
    if user is not None:
        Task.objects.create(user=user, moment=moment.kind, text=text, since=moment.occurred_at)
