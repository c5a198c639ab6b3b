"""The tables of a host."""

from __future__ import annotations

from uuid import uuid4

from django.db import models


class Order(models.Model):
    """A row of the host's, which is to share an event's fate."""

    tenant = models.CharField(max_length=64)
    number = models.IntegerField()

    class Meta:
        app_label = "shop"


class Ticket(models.Model):
    """A row whose key is there before the row is."""

    id = models.UUIDField(primary_key=True, default=uuid4)

    class Meta:
        app_label = "shop"


class Basket(Order):
    """An order seen in another way."""

    class Meta:
        app_label = "shop"
        proxy = True
