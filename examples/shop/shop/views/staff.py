"""What the staff see: who needs somebody, a customer's story and why, and how many come back."""

from datetime import timedelta

import motfunnel
from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from motfunnel import track
from motfunnel.integrations.django.contacts import contact_key, instance_of, story_url
from motfunnel.integrations.django.models import Contact

from shop.forms import AnswerForm, LetterForm
from shop.letters import send_letter
from shop.models import Complaint, Task

staff_only = staff_member_required(login_url="log_in")
CUSTOMERS = User.objects.filter(is_staff=False)

WINDOW = timedelta(days=90)
BY = ("stage", "reason", "source")
WINBACK = {
    "subject": "We miss you",
    "body": "We have not seen you for a while, and would like to put right what went wrong.\n"
    "Come back, and the first tin is on us.",
}


@staff_only
def desk(request):
    """Show what is to be done."""
    return render(
        request,
        "staff/desk.html",
        {
            "complaints": Complaint.objects.filter(resolved_at=None).select_related("order__user"),
            "tasks": Task.objects.filter(done_at=None).select_related("user"),
        },
    )


@require_POST
@staff_only
def finish(request, pk):
    """Take a task off the list."""
    task = get_object_or_404(Task, pk=pk)
    task.done_at = timezone.now()
    task.save()
    return redirect("desk")


@staff_only
def customers(request):
    """Show all customers, with what motfunnel's tables hold of them."""
    users = CUSTOMERS.annotate(placed=Count("orders")).order_by("username")
    keys = [contact_key(user) for user in users]
    found = Contact.objects.filter(tenant=motfunnel.tracker().tenant, contact__in=keys)
    contacts = {one.contact: one for one in found}
    known = [(user, contacts.get(key)) for user, key in zip(users, keys, strict=True)]
    return render(request, "staff/customers.html", {"customers": known})


@staff_only
def customer(request, pk):
    """Show one customer's story, and why each moment of it holds."""
    user = get_object_or_404(CUSTOMERS, pk=pk)
    return render(
        request,
        "staff/customer.html",
        {
            "customer": user,
            "profile": motfunnel.tracker().contact(user),
            "story_url": story_url(user),
            "complaints": Complaint.objects.filter(order__user=user),
            "may_write": may_write(user),
        },
    )


@staff_only
def resolve(request, pk):
    """Answer a complaint, which closes its case."""
    complaint = get_object_or_404(Complaint, pk=pk, resolved_at=None)
    form = AnswerForm(request.POST or None, instance=complaint)
    if form.is_valid():
        complaint.resolved_at = timezone.now()
        with transaction.atomic():
            form.save()
            track(
                complaint.order.user,
                "complaint_resolved",
                id=f"resolution-{complaint.pk}",
                properties={"complaint": complaint.pk},
            )
        messages.success(request, "The complaint is resolved.")
        return redirect("customer", complaint.order.user_id)
    return render(request, "staff/resolve.html", {"form": form, "complaint": complaint})


@staff_only
def write_letter(request, pk):
    """Write to somebody who left."""
    user = get_object_or_404(CUSTOMERS, pk=pk)
    form = LetterForm(request.POST or None, initial=WINBACK)
    if not may_write(user):
        messages.error(request, f"{user} asked us not to write.")
        return redirect("customer", pk)
    if form.is_valid():
        form.instance.user = user
        with transaction.atomic():
            letter = form.save()
            user.tasks.filter(moment="depart", done_at=None).update(done_at=letter.sent_at)
            track(user, "letter_sent", id=f"letter-{letter.pk}")
            send_letter(request, letter)
        messages.success(request, f"The letter to {user} is on its way.")
        return redirect("customer", pk)
    return render(request, "staff/letter.html", {"form": form, "customer": user})


@staff_only
def returns(request):
    """Show how many of those who left came back, and what exactly that means."""
    report = motfunnel.tracker().report()
    rate = report.recidivism(within=WINDOW)
    return render(
        request,
        "staff/returns.html",
        {
            "rate": rate,
            "groups": [report.recidivism(within=WINDOW, by=by) for by in BY],
            "returned": filter(None, map(instance_of, rate.members())),
            "written_to": report.reengagement(within=timedelta(days=30)),
        },
    )


def may_write(user):
    """Whether a customer who said farewell allowed one more letter; silence is no refusal."""
    farewell = user.farewells.first()
    return farewell is None or farewell.may_write
