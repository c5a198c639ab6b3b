"""The shop's own records. What they mean for the relation to a customer is motfunnel's to keep."""

from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

USER = settings.AUTH_USER_MODEL


class Product(models.Model):
    """A tea."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    kind = models.CharField(max_length=40)
    taste = models.TextField()
    price = models.DecimalField(max_digits=7, decimal_places=2)
    colour = models.CharField(max_length=7, help_text="of its tin, such as #6b8e23")

    class Meta:
        """In the order in which they were added."""

        ordering = ("pk",)

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        """Its page."""
        return reverse("product", args=[self.slug])


class Order(models.Model):
    """Something bought."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="orders")
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    price = models.DecimalField(max_digits=7, decimal_places=2, help_text="of one, when bought")
    placed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Newest first."""

        ordering = ("-placed_at", "-pk")

    def __str__(self):
        return f"order {self.pk}: {self.quantity} × {self.product}"

    @property
    def total(self):
        """What was paid."""
        return self.quantity * self.price


class Complaint(models.Model):
    """What was wrong with an order, and what the shop answered."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="complaints")
    text = models.TextField("what went wrong?")
    made_at = models.DateTimeField(default=timezone.now)
    answer = models.TextField("your answer", blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Oldest first: it has waited longest."""

        ordering = ("made_at", "pk")

    def __str__(self):
        return f"complaint {self.pk} about {self.order}"


class Invitation(models.Model):
    """A friend whom a customer referred. Whoever opens it first is that friend."""

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    by = models.ForeignKey(USER, models.CASCADE, related_name="invitations")
    email = models.EmailField("your friend’s e-mail address")
    sent_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return f"invitation {self.pk} by {self.by}"

    @property
    def visitor(self):
        """The contact that the friend is, until it signs up and becomes a user."""
        return f"visitor:{self.key}"


class Farewell(models.Model):
    """Why somebody closed their account."""

    class Reason(models.TextChoices):
        """What they can choose from."""

        TOO_DEAR = "too dear", "The tea is too dear"
        TOO_SLOW = "too slow", "Deliveries take too long"
        TASTE = "taste", "I did not like the tea"
        OTHER_SHOP = "other shop", "I found another shop"
        OTHER = "other", "Something else"

    user = models.ForeignKey(USER, models.CASCADE, related_name="farewells")
    reason = models.CharField(max_length=20, choices=Reason)
    may_write = models.BooleanField("You may write to me once more.", default=True)
    said_at = models.DateTimeField(default=timezone.now)

    class Meta:
        """Newest first."""

        ordering = ("-said_at", "-pk")

    def __str__(self):
        return f"farewell of {self.user}: {self.reason}"


class Letter(models.Model):
    """A letter to somebody who left. Its link works once."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="letters")
    subject = models.CharField(max_length=120)
    body = models.TextField("letter")
    sent_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Newest first."""

        ordering = ("-sent_at", "-pk")

    def __str__(self):
        return f"letter {self.pk} to {self.user}"


class Task(models.Model):
    """Something for the support desk to look after; receivers of moments write it."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="tasks")
    moment = models.CharField(max_length=20)
    text = models.CharField(max_length=120)
    since = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Newest first."""

        ordering = ("-since", "-pk")

    def __str__(self):
        return f"{self.user} {self.text}"
