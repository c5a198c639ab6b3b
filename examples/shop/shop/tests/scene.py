"""A shop with one tea, and what its people do there."""

import motfunnel
from django.contrib.auth.models import User
from django.test import TestCase, override_settings
from django.urls import reverse

from shop.models import Product

PASSWORD = "oolong-at-five"

hashing_fast = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
"""For tests: a hash that is hard to guess is slow to make."""


@hashing_fast
class ShopTestCase(TestCase):
    """A shop with one tea, a customer and a member of the staff."""

    @classmethod
    def setUpTestData(cls):
        """Open the shop."""
        cls.tea = Product.objects.create(name="Dragon Well", slug="dragon-well", price="9.80")
        cls.staff = User.objects.create_superuser("staff")
        cls.ada = User.objects.create_user("ada", "ada@example.com", PASSWORD)

    def post(self, view, *args, **said):
        """Fill in a form, carry out what its commit would, and go where it leads."""
        with self.captureOnCommitCallbacks(execute=True):
            return self.client.post(reverse(view, args=args), said, follow=True)

    def moments(self, contact=None):
        """The kinds of a contact's moments, in order."""
        profile = motfunnel.tracker().contact(self.ada if contact is None else contact)
        return [moment.kind.value for moment in profile.moments]

    def buy(self, quantity=1):
        """Order the tea."""
        return self.post("buy", self.tea.slug, quantity=quantity)
