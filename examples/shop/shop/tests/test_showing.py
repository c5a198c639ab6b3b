"""What the example shows of motfunnel on every page, and that it can be put away."""

import re
from pathlib import Path

from django.test import override_settings
from django.urls import reverse

from shop import showing
from shop.tests.scene import ShopTestCase


class Showing(ShopTestCase):
    """The ribbon, the tour, and the way in."""

    def ribbon(self, page="catalogue"):
        """What the ribbon of a page says."""
        said = self.client.get(reverse(page)).content.decode()
        found = re.search(r'class="ribbon"[^>]*><p>(.*?)</p>', said)
        return re.sub("<[^>]+>", "", found[1])

    def test_what_was_just_recorded(self):
        """The newest event of whoever looks, and its moments; of anybody, for the staff."""
        self.assertIn("nothing of you yet", self.ribbon())
        self.client.get(self.tea.get_absolute_url())
        self.assertEqual(self.ribbon(), "motfunnel just recorded: product_viewed → opening")
        self.client.force_login(self.ada)
        self.buy()
        self.assertEqual(
            self.ribbon("orders"), "motfunnel just recorded: order_placed → conversion"
        )
        self.client.force_login(self.staff)
        self.assertIn("order_placed → conversion of auth.user:", self.ribbon())

    def test_an_event_without_a_moment(self):
        """It says so."""
        self.client.force_login(self.ada)
        for _ in range(2):
            self.client.get(self.tea.get_absolute_url())
        self.assertEqual(self.ribbon(), "motfunnel just recorded: product_viewed → no moment")

    def test_the_tour_can_be_put_away(self):
        """It stays away until it is asked for."""
        tour = "A tour of this example"
        self.assertContains(self.client.get("/"), tour)
        self.assertNotContains(self.post("show_tour", hide=""), tour)
        self.assertContains(self.post("show_tour", show=""), tour)

    def test_the_way_in_is_told_in_development_only(self):
        """A shop that is served shows no password."""
        self.assertNotContains(self.client.get(reverse("log_in")), "In this example the staff")
        with override_settings(DEBUG=True):
            self.assertContains(self.client.get(reverse("log_in")), "In this example the staff")

    def test_pages_need_no_inline_style(self):
        """A strict policy would break no page."""
        templates = Path(showing.__file__).parent / "templates"
        for template in templates.rglob("*.html"):
            said = template.read_text("utf-8")
            self.assertNotRegex(said, r"\sstyle=|<style|<script", template)
