"""What the staff see of the seeded history."""

import motfunnel
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import TestCase
from django.urls import reverse

from shop.models import Order
from shop.tests.scene import ShopTestCase, hashing_fast

PAGES = ("desk", "customers", "returns")


class Doors(ShopTestCase):
    """Who may see them."""

    def test_customers_see_no_page_of_the_staff(self):
        """They are asked to log in as somebody else."""
        self.client.force_login(self.ada)
        addresses = [reverse(page) for page in PAGES]
        addresses += [reverse(page, args=[self.ada.pk]) for page in ("customer", "write_letter")]
        for address in addresses:
            self.assertRedirects(self.client.get(address), f"/log-in/?next={address}")


@hashing_fast
class Seeded(TestCase):
    """The pages, with the seeded history."""

    @classmethod
    def setUpTestData(cls):
        """Seed, as ``make shop`` does."""
        with cls.captureOnCommitCallbacks(execute=True):
            call_command("seed", verbosity=0)

    def setUp(self):
        """Log in as the staff."""
        self.client.force_login(User.objects.get(username="staff"))

    def test_every_page_opens(self):
        """Each shows somebody."""
        for page, shown in zip(PAGES, ("noah", "ada", "within 90 days"), strict=True):
            self.assertContains(self.client.get(reverse(page)), shown)

    def test_every_customer_has_a_page(self):
        """With the moments, and why."""
        for user in User.objects.filter(is_staff=False):
            page = self.client.get(reverse("customer", args=[user.pk]))
            self.assertContains(page, "was the first event that opens", 1)

    def test_the_history_holds_every_kind_of_moment(self):
        """All eight of them."""
        told = {moment.kind for moment in motfunnel.tracker().moments()}
        self.assertEqual(told, set(motfunnel.MomentKind))

    def test_seeding_twice_adds_nothing(self):
        """The second time it says so."""
        before = Order.objects.count(), len(list(motfunnel.tracker().moments()))
        call_command("seed", verbosity=0)
        self.assertEqual(before, (Order.objects.count(), len(list(motfunnel.tracker().moments()))))

    def test_the_history_is_sound(self):
        """What is stored is what the events say."""
        self.assertTrue(motfunnel.tracker().check().is_sound)
