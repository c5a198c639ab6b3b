"""The pages for everybody: the front page, the issues, subscribing, a friend's link."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsletter.forms import SubscribeForm
from newsletter.mailbox import open_mailbox, send
from newsletter.models import Issue, Reader, db
from newsletter.showing import track
from newsletter.signing_in import current_reader, known

blueprint = Blueprint("pages", __name__)


@blueprint.route("/", methods=["GET", "POST"])
def home() -> str | Response:
    """The front page, with the form to subscribe."""
    form = SubscribeForm()
    if form.validate_on_submit():
        subscribe(form.email.data)
        return redirect(url_for("mailbox.letters"))
    issues = db.session.scalars(select(Issue).order_by(Issue.published_at.desc())).all()
    return render_template("home.html", form=form, issues=issues, inviter=known("inviter"))


def subscribe(email: str) -> None:
    """Take an address, once; whoever has it gets the personal link, again if need be."""
    reader = db.session.scalar(select(Reader).filter_by(email=email))
    if reader is None:
        reader = Reader(email=email, inviter_id=session.pop("inviter", None))
        db.session.add(reader)
        db.session.flush()
        track(reader.email, "subscribed")
    send(
        reader,
        "Your link to Small Hours",
        "Somebody, and we hope it was you, asked for Small Hours at this address.\n\n"
        "This link is yours alone: it confirms your subscription, and it opens your page.",
        url_for("membership.enter", token=reader.token),
    )
    db.session.commit()
    open_mailbox(reader)


@blueprint.get("/issues/<slug>")
def issue(slug: str) -> str:
    """An issue. That somebody whom we know reads it is an event."""
    found = db.one_or_404(select(Issue).filter_by(slug=slug))
    reader = current_reader()
    may_read = not found.for_patrons or (reader is not None and bool(reader.payments))
    if reader is not None and may_read:
        track(reader.email, "issue_read", properties={"issue": slug})
        db.session.commit()
    return render_template("issue.html", issue=found, may_read=may_read)


@blueprint.get("/from/<code>")
def invitation(code: str) -> Response:
    """A friend's link: whoever subscribes in this browser was invited by them."""
    inviter = db.first_or_404(select(Reader).filter_by(code=code))
    session["inviter"] = inviter.id
    flash("A friend of yours reads Small Hours, and thinks that you would like it.")
    return redirect(url_for("pages.home"))
