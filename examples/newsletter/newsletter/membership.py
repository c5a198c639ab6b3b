"""A reader's own pages. Each form writes its row and tracks its event in one commit."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsletter.forms import PLANS, ComplaintForm, LeaveForm, PlanForm
from newsletter.mailbox import open_mailbox
from newsletter.models import Payment, Reader, Ticket, db, now
from newsletter.showing import track
from newsletter.signing_in import for_readers

blueprint = Blueprint("membership", __name__, url_prefix="/me")


@blueprint.get("/")
@for_readers
def account(reader: Reader) -> str:
    """What a reader has with us."""
    return render_template("account.html", reader=reader)


@blueprint.get("/enter/<token>")
def enter(token: str) -> Response:
    """The personal link. Opening it changes nothing: mail programs open links by themselves."""
    reader = db.first_or_404(select(Reader).filter_by(token=token))
    session["reader"] = reader.id
    open_mailbox(reader)
    return redirect(url_for("membership.account"))


@blueprint.post("/confirm")
@for_readers
def confirm(reader: Reader) -> Response:
    """The second yes. With it, whoever invited this reader has referred somebody."""
    if reader.confirmed_at is None:
        reader.confirmed_at = now()
        track(reader.email, "confirmed")
        if reader.inviter is not None:
            track(reader.inviter.email, "friend_joined", properties={"friend": reader.email})
        db.session.commit()
        flash("Welcome. You will hear from us every other week.")
    return redirect(url_for("membership.account"))


@blueprint.route("/plan", methods=["GET", "POST"])
@for_readers
def plan(reader: Reader) -> str | Response:
    """The pretend checkout."""
    form = PlanForm()
    if form.validate_on_submit():
        label, euros = PLANS[form.plan.data]
        db.session.add(Payment(reader_id=reader.id, plan=label, euros=euros))
        track(reader.email, "plan_paid", properties={"plan": form.plan.data, "value": euros})
        db.session.commit()
        flash("Thank you. You are a patron of Small Hours.")
        return redirect(url_for("membership.account"))
    return render_template("plan.html", form=form)


@blueprint.route("/complain", methods=["GET", "POST"])
@for_readers
def complain(reader: Reader) -> str | Response:
    """A complaint: a ticket for us, and a case in the reader's journey."""
    form = ComplaintForm()
    if form.validate_on_submit():
        ticket = Ticket(reader_id=reader.id, text=form.text.data)
        db.session.add(ticket)
        db.session.flush()
        track(reader.email, "complained", properties={"ticket": ticket.id})
        db.session.commit()
        flash("We are sorry. Somebody will look at it and write to you.")
        return redirect(url_for("membership.account"))
    return render_template("complain.html", form=form)


@blueprint.route("/leave", methods=["GET", "POST"])
@for_readers
def leave(reader: Reader) -> str | Response:
    """The farewell, and its reason."""
    form = LeaveForm()
    if form.validate_on_submit():
        reader.left_at = now()
        track(reader.email, "unsubscribed", properties={"reason": form.reason.data})
        db.session.commit()
        flash("You will get no more letters. Goodbye, and thank you for reading.")
        return redirect(url_for("membership.account"))
    return render_template("leave.html", form=form)


@blueprint.post("/return")
@for_readers
def come_back(reader: Reader) -> Response:
    """The return of somebody who had left."""
    if reader.left_at is not None:
        reader.left_at = None
        track(reader.email, "came_back")
        db.session.commit()
        flash("Good to see you again.")
    return redirect(url_for("membership.account"))
