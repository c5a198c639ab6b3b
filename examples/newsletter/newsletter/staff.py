"""The staff's pages: who is here, what they went through, what is to be done, what became of it."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from motfunnel import MomentKind, tracker
from motfunnel.integrations.flask.dashboard import blueprint as make_dashboard
from sqlalchemy import select
from werkzeug.wrappers import Response

from newsletter.forms import AnswerForm, LetterForm, LoginForm
from newsletter.mailbox import send
from newsletter.models import Reader, Task, Ticket, db, now
from newsletter.showing import track
from newsletter.signing_in import is_password, require_staff
from newsletter.standing import Standing, standings
from newsletter.support import end_tasks

blueprint = Blueprint("staff", __name__, url_prefix="/staff")
blueprint.before_request(require_staff)

dashboard = make_dashboard("dashboard", authorize=lambda request: session.get("staff"))
dashboard.before_request(require_staff)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> str | Response:
    """The form for the staff's password."""
    form = LoginForm(after=request.args.get("after"))
    if form.validate_on_submit():
        if is_password(form.password.data):
            session["staff"] = True
            within = (form.after.data or "").startswith("/staff/")
            return redirect(form.after.data if within else url_for("staff.readers"))
        form.password.errors = ["This is not the password."]
    return render_template("staff/login.html", form=form)


@blueprint.post("/logout")
def logout() -> Response:
    """Forget the password."""
    session.pop("staff", None)
    return redirect(url_for("pages.home"))


@blueprint.get("/")
def readers() -> str:
    """Everybody, with those first about whom there is news."""
    wanted = request.args.get("presence", "")
    found = standings()
    everybody = [
        (reader, found.get(reader.email, Standing()))
        for reader in db.session.scalars(select(Reader))
    ]
    shown = [pair for pair in everybody if wanted in ("", pair[1].presence)]
    shown.sort(key=lambda pair: pair[1].since, reverse=True)
    counts = [one.presence for _, one in everybody]
    return render_template("staff/readers.html", shown=shown, counts=counts, wanted=wanted)


@blueprint.get("/readers/<int:reader_id>")
def reader(reader_id: int) -> str:
    """A reader's journey, and why each moment holds."""
    return _reader_page(db.get_or_404(Reader, reader_id), LetterForm())


def _reader_page(found: Reader, letter: LetterForm) -> str:
    open_tickets = select(Ticket).filter_by(reader_id=found.id, resolved_at=None)
    return render_template(
        "staff/reader.html",
        reader=found,
        profile=tracker().contact(found.email),
        tickets=db.session.scalars(open_tickets).all(),
        letter=letter,
        answer=AnswerForm(),
    )


@blueprint.post("/readers/<int:reader_id>/letter")
def write(reader_id: int) -> str | Response:
    """A letter to somebody who left: an attempt to win them back."""
    found = db.get_or_404(Reader, reader_id)
    form = LetterForm()
    if not form.validate_on_submit():
        return _reader_page(found, form)
    send(found, form.subject.data, form.body.data, url_for("membership.enter", token=found.token))
    track(found.email, "winback_sent")
    end_tasks(found, MomentKind.DEPART)
    db.session.commit()
    flash("The letter is sent.")
    return redirect(url_for("staff.reader", reader_id=found.id))


@blueprint.post("/tickets/<int:ticket_id>/resolve")
def resolve(ticket_id: int) -> Response:
    """An answer to a complaint, which ends it."""
    ticket = db.get_or_404(Ticket, ticket_id)
    form = AnswerForm()
    if not form.validate_on_submit():
        flash("Write an answer, please.")
    elif ticket.resolved_at is None:
        found = ticket.reader
        ticket.resolved_at = now()
        link = url_for("membership.enter", token=found.token)
        send(found, "About what you wrote to us", form.answer.data, link)
        track(found.email, "complaint_resolved", properties={"ticket": ticket.id})
        end_tasks(found, MomentKind.COMPLAINT)
        db.session.commit()
        flash("The complaint is resolved, and your answer sent.")
    return redirect(url_for("staff.reader", reader_id=ticket.reader_id))


@blueprint.route("/tasks", methods=["GET", "POST"])
def tasks() -> str | Response:
    """What is to be done; posting a task's number ticks it off."""
    if request.method == "POST":
        db.get_or_404(Task, request.form["task"]).done_at = now()
        db.session.commit()
        return redirect(url_for("staff.tasks"))
    waiting = select(Task).filter_by(done_at=None).order_by(Task.occurred_at.desc())
    return render_template("staff/tasks.html", tasks=db.session.scalars(waiting).all())


@blueprint.get("/report")
def report() -> str:
    """How many come back, how far they get, and how sure one can be."""
    asked = tracker().report()
    within = timedelta(days=90)
    return render_template(
        "staff/report.html",
        recidivism=asked.recidivism(within=within),
        by_reason=asked.recidivism(within=within, by="reason"),
        reengagement=asked.reengagement(within=timedelta(days=30)),
        funnel=asked.funnel(),
    )
