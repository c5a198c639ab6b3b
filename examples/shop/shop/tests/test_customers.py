"""What visitors and customers do, and what becomes of it."""

import motfunnel
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse
from motfunnel.errors import ConflictError
from motfunnel.integrations.django.models import Contact

from shop.models import Complaint, Invitation, Order
from shop.tests.scene import PASSWORD, ShopTestCase


class Coming(ShopTestCase):
    """From a first look to an account."""

    def sign_up(self, name="grace"):
        """Make an account."""
        said = {"username": name, "email": f"{name}@example.com"}
        self.post("sign_up", password1=PASSWORD, password2=PASSWORD, **said)
        return User.objects.get(username=name)

    def test_what_the_visitor_did_is_the_customers(self):
        """A sign-up merges the visitor into the user, from the first look on."""
        self.client.get(self.tea.get_absolute_url())
        visitor = self.client.session["visitor"]
        self.assertEqual(self.moments(visitor), ["opening"])
        grace = self.sign_up()
        self.assertEqual(self.moments(grace), ["opening", "conversion"])
        self.assertEqual(motfunnel.tracker().identity(grace).aliases, (visitor,))

    def test_the_next_person_on_the_device_is_another_visitor(self):
        """A log-out gives the device a new visitor."""
        self.client.get(self.tea.get_absolute_url())
        self.sign_up()
        self.client.post(reverse("log_out"))
        self.client.get(self.tea.get_absolute_url())
        judy = self.sign_up("judy")
        self.assertEqual(len(motfunnel.tracker().identity(judy).aliases), 1)

    def test_whoever_opens_an_invitation_is_the_friend(self):
        """The friend who was named and the user that it becomes are one contact."""
        self.client.force_login(self.ada)
        self.post("refer", email="grace@example.com")
        self.client.logout()
        invitation = Invitation.objects.get()
        self.assertIn(str(invitation.key), mail.outbox[0].body)
        self.client.get(reverse("invited", args=[invitation.key]))
        grace = self.sign_up()
        self.assertIn("referral", self.moments())
        self.assertEqual(
            motfunnel.tracker().contact(invitation.visitor).contact, f"auth.user:{grace.pk}"
        )

    def test_an_invitation_that_is_passed_on_makes_no_second_friend(self):
        """Only the first to open it is the friend."""
        invitation = Invitation.objects.create(by=self.ada, email="grace@example.com")
        link = reverse("invited", args=[invitation.key])
        self.client.get(link)
        self.client_class().get(link)
        first = self.sign_up()
        other = self.client = self.client_class()
        other.get(link)
        second = self.sign_up("judy")
        tracker = motfunnel.tracker()
        self.assertIn(invitation.visitor, tracker.identity(first).aliases)
        self.assertNotIn(invitation.visitor, tracker.identity(second).aliases)

    def test_where_a_visitor_came_from_is_known(self):
        """The middleware reads it from the address, and the reports can part by it."""
        self.client.get(self.tea.get_absolute_url(), {"utm_source": "newspaper"})
        contact = Contact.objects.get(contact=self.client.session["visitor"])
        self.assertEqual(contact.source, "newspaper")

    def test_the_staff_are_no_contacts(self):
        """What the staff look at is not tracked."""
        self.client.force_login(self.staff)
        self.client.get(self.tea.get_absolute_url())
        self.assertEqual(self.moments(self.staff), [])


class Buying(ShopTestCase):
    """Orders and complaints."""

    def setUp(self):
        """Log in."""
        self.client.force_login(self.ada)

    def test_a_second_purchase_makes_a_loyalist(self):
        """Orders are purchases."""
        self.buy()
        self.buy(3)
        self.assertEqual(self.moments(), ["opening", "conversion", "loyalist"])
        self.assertContains(self.client.get(reverse("orders")), "3 × ")

    def test_what_cannot_be_ordered_is_not_tracked(self):
        """A refused form writes nothing."""
        self.assertContains(self.buy(0), "greater than or equal to 1")
        self.assertNotIn("conversion", self.moments())

    def test_the_order_and_its_event_are_one(self):
        """Where the event cannot be written, there is no order either."""
        last = Order.objects.create(user=self.ada, product=self.tea, price=1)
        motfunnel.track(self.ada, "logged_in", id=f"order-{last.pk + 1}")  # takes the next one's id
        with self.assertRaises(ConflictError):
            self.buy()
        self.assertEqual(Order.objects.get(), last)

    def test_a_complaint_is_open_until_it_is_resolved(self):
        """The complaint's key names its case."""
        self.buy()
        self.post("complain", Order.objects.get().pk, text="It was cold.")
        (case,) = motfunnel.tracker().contact(self.ada).open_cases
        complaint = Complaint.objects.get()
        self.assertEqual(case.case, str(complaint.pk))
        self.client.force_login(self.staff)
        self.post("resolve", complaint.pk, answer="Have another.")
        self.assertEqual(motfunnel.tracker().contact(self.ada).open_cases, ())
        self.assertEqual(self.moments()[-1], "complaint")

    def test_a_form_of_another_site_buys_nothing(self):
        """Without the token of a form of ours, nothing is done."""
        self.client.handler.enforce_csrf_checks = True
        self.assertEqual(self.buy().status_code, 403)
        self.assertFalse(Order.objects.exists())

    def test_nobody_complains_about_anothers_order(self):
        """An order of somebody else is not found."""
        order = Order.objects.create(user=self.staff, product=self.tea, price=1)
        self.assertEqual(self.post("complain", order.pk, text="?").status_code, 404)


class Leaving(ShopTestCase):
    """Farewells, letters and returns."""

    def setUp(self):
        """Buy once, and close the account."""
        self.client.force_login(self.ada)
        self.buy()

    def leave(self, **said):
        """Close the account."""
        self.post("close_account", reason="too slow", **said)

    def test_a_farewell_is_a_departure_with_its_reason(self):
        """It closes the account, and puts the customer on the desk's list."""
        self.leave()
        self.assertEqual(motfunnel.tracker().contact(self.ada).moments[-1].reason, "too slow")
        self.ada.refresh_from_db()
        self.assertFalse(self.ada.is_active)
        self.assertEqual(self.ada.tasks.get().text, "left: too slow")

    def test_a_letter_brings_back(self):
        """Its link opens the account again, once."""
        self.leave(may_write="on")
        self.client.force_login(self.staff)
        self.post("write_letter", self.ada.pk, subject="We miss you", body="Come back.")
        self.assertIsNotNone(self.ada.tasks.get().done_at)
        self.client.logout()
        link = mail.outbox[0].body.split()[-1]
        self.client.get(link)
        self.client.post(link)
        self.assertEqual(self.client.session["_auth_user_id"], str(self.ada.pk))
        self.assertEqual(self.moments()[-2:], ["depart", "recidivism"])
        self.assertEqual(self.client.post(link).status_code, 404)

    def test_a_forged_link_opens_nothing(self):
        """Only the shop can make links."""
        self.assertEqual(self.post("welcome_back", "1:forged").status_code, 404)

    def test_who_asked_for_quiet_is_not_written_to(self):
        """No letter goes to whoever forbade it."""
        self.leave()
        self.client.force_login(self.staff)
        page = self.post("write_letter", self.ada.pk, subject="We miss you", body="Come back.")
        self.assertContains(page, "asked us not to write")
        self.assertEqual(mail.outbox, [])

    def test_a_return_takes_the_customer_off_the_list(self):
        """Nobody need write to a customer who is back."""
        motfunnel.track(self.ada, "account_closed")
        self.buy()
        self.assertFalse(self.ada.tasks.filter(done_at=None).exists())
