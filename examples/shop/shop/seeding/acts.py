"""What each act of a story writes: the shop's own record, and the event that goes with it.

The same events as the views track, under the same ids; only that they happened in the past.
"""

from datetime import timedelta

from shop.models import Complaint, Farewell, Invitation, Letter, Order
from shop.views.staff import WINBACK


class Life:
    """One person's acts, carried out one after the other.

    Args:
        user: who acts.
        products: what can be bought; everybody has their own way through them.
        source: how the person first heard of the shop.
    """

    def __init__(self, user, products, source):
        self.user, self.products, self.source = user, products, source
        self.events = []

    def act(self, name, at, detail=""):
        """Do one thing."""
        getattr(self, name)(at, *([detail] if detail else []))

    def say(self, at, event, id, **properties):
        """Keep an event for ``track_many``."""
        self.events.append(
            {
                "contact": self.user,
                "event": event,
                "occurred_at": at,
                "id": id,
                "properties": properties,
            }
        )

    def sign_up(self, at):
        """Look around, and make an account."""
        self.user.date_joined = at
        self.user.save()
        looked = at - timedelta(minutes=9)
        self.say(looked, "product_viewed", f"first-{self.user.pk}", source=self.source)
        self.say(at, "signed_up", f"account-{self.user.pk}")

    def buy(self, at):
        """Order the next tea."""
        placed = self.user.orders.count()
        product = self.products[(self.user.pk + placed) % len(self.products)]
        quantity = 1 + (self.user.pk + placed) % 3
        order = Order.objects.create(
            user=self.user, product=product, quantity=quantity, price=product.price, placed_at=at
        )
        value = float(order.total)
        self.say(at, "order_placed", f"order-{order.pk}", product=product.slug, value=value)

    def complain(self, at, text):
        """Complain about the latest order."""
        complaint = Complaint.objects.create(order=self.user.orders.first(), text=text, made_at=at)
        self.say(at, "complaint_made", f"complaint-{complaint.pk}", complaint=complaint.pk)

    def resolve(self, at):
        """Have the complaint answered."""
        complaint = Complaint.objects.get(order__user=self.user, resolved_at=None)
        complaint.answer, complaint.resolved_at = "We have sent another tin.", at
        complaint.save()
        self.say(at, "complaint_resolved", f"resolution-{complaint.pk}", complaint=complaint.pk)

    def refer(self, at, friend):
        """Refer a friend, who came."""
        invitation = Invitation.objects.create(
            by=self.user, email=friend.email, sent_at=at, opened_at=at
        )
        self.say(at, "friend_referred", f"invitation-{invitation.pk}", friend=invitation.visitor)
        return invitation

    def leave(self, at, reason):
        """Close the account."""
        farewell = Farewell.objects.create(user=self.user, reason=reason, said_at=at)
        self.user.is_active = False
        self.user.save()
        self.say(at, "account_closed", f"farewell-{farewell.pk}", reason=reason)

    def write(self, at):
        """Be written to."""
        letter = Letter.objects.create(user=self.user, sent_at=at, **WINBACK)
        self.say(at, "letter_sent", f"letter-{letter.pk}")

    def answer(self, at):
        """Take the way back."""
        letter = self.user.letters.first()
        letter.answered_at = at
        letter.save()
        self.user.is_active = True
        self.user.save()
        self.say(at, "letter_answered", f"answer-{letter.pk}")
