"""The letters that the shop sends, and the links in them.

A letter leaves when the transaction has been committed: what is undone was never sent.
"""

from functools import partial

from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse

from shop.models import Letter

SALT = "shop.letter"
GOOD_FOR = 30 * 24 * 60 * 60  # seconds


def send_letter(request, letter):
    """Send a letter to somebody who left, with the way back at its end."""
    link = reverse("welcome_back", args=[signing.dumps(letter.pk, salt=SALT)])
    post(request, letter.subject, f"{letter.body}\n\nThe way back:", link, letter.user.email)


def send_invitation(request, invitation):
    """Send a friend the link that says who referred them."""
    link = reverse("invited", args=[invitation.key])
    text = f"{invitation.by} thinks that you would like our teas. Have a look:"
    post(request, f"{invitation.by} invites you", text, link, invitation.email)


def letter_of(token):
    """Give the letter whose link this is; None where it is forged, too old or used already."""
    try:
        key = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    except signing.BadSignature:
        return None
    return Letter.objects.filter(pk=key, answered_at=None).first()


def post(request, subject, text, link, address):
    """Send a text that ends with a link, after the commit."""
    body = f"{text}\n{request.build_absolute_uri(link)}\n"
    transaction.on_commit(partial(send_mail, subject, body, None, [address]))
