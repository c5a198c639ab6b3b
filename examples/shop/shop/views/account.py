"""Coming, bringing others, leaving and coming back."""

import motfunnel
from django.contrib import messages
from django.contrib.auth import login, logout
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from motfunnel import track

from shop.contacts import VISITOR, customer_required, track_visit
from shop.forms import FarewellForm, InvitationForm, SignUpForm
from shop.letters import letter_of, send_invitation
from shop.models import Invitation


def sign_up(request):
    """Make an account. The log-in merges what the visitor did before (see ``receivers``)."""
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        with transaction.atomic():
            user = form.save()
            track(user, "signed_up")
            login(request, user)
        messages.success(request, f"Welcome, {user}.")
        return redirect("catalogue")
    return render(request, "shop/sign_up.html", {"form": form})


@customer_required
def refer(request):
    """Invite a friend."""
    form = InvitationForm(request.POST or None)
    if form.is_valid():
        form.instance.by = request.user
        with transaction.atomic():
            invitation = form.save()
            track(
                request.user,
                "friend_referred",
                id=f"invitation-{invitation.pk}",
                properties={"friend": invitation.visitor},
            )
            send_invitation(request, invitation)
        messages.success(request, f"We have written to {invitation.email}.")
        return redirect("refer")
    return render(request, "shop/refer.html", {"form": form})


def invited(request, key):
    """Let in whoever opens an invitation first as the friend who was meant."""
    unopened = Invitation.objects.filter(key=key, opened_at=None)
    with transaction.atomic():
        if request.user.is_anonymous and unopened.update(opened_at=timezone.now()):
            be_the_friend(request.session, f"visitor:{key}")
        track_visit(request, "invitation_opened")
    return redirect("catalogue")


def be_the_friend(session, friend):
    """Go on under the friend's key; who was here before is the same contact from now on."""
    visitor = session.setdefault(VISITOR, friend)
    if visitor != friend:
        motfunnel.tracker().merge(friend, into=visitor)


@customer_required
def close_account(request):
    """Leave, and say why."""
    form = FarewellForm(request.POST or None)
    if form.is_valid():
        user = form.instance.user = request.user
        with transaction.atomic():
            farewell = form.save()
            user.is_active = False
            user.save(update_fields=["is_active"])
            track(
                user,
                "account_closed",
                id=f"farewell-{farewell.pk}",
                properties={"reason": farewell.reason},
            )
        logout(request)
        messages.success(request, "Your account is closed. Thank you for the time with us.")
        return redirect("catalogue")
    return render(request, "shop/close_account.html", {"form": form})


def welcome_back(request, token):
    """Open the account again for the reader of a letter."""
    letter = letter_of(token)
    if letter is None:
        raise Http404("This link has been used, or is too old.")
    if request.method != "POST":
        return render(request, "shop/welcome_back.html", {"letter": letter})
    user = letter.user
    with transaction.atomic():
        letter.answered_at = timezone.now()
        letter.save(update_fields=["answered_at"])
        user.is_active = True
        user.save(update_fields=["is_active"])
        track(user, "letter_answered", id=f"answer-{letter.pk}")
        login(request, user)
    messages.success(request, f"Welcome back, {user}.")
    return redirect("catalogue")
