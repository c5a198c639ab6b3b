"""The forms. Flask-WTF puts a CSRF token into each, and checks it."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

PLANS = {"month": ("A month", 4), "year": ("A year", 40)}
REASONS = {
    "too many letters": "Too many letters",
    "too expensive": "Too expensive",
    "not for me": "Not for me",
    "no time": "No time to read",
}
ADDRESS = Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", message="This is not an e-mail address.")


def _lower(text: str | None) -> str | None:
    return text.strip().lower() if text else text


class SubscribeForm(FlaskForm):
    """An address, and nothing else."""

    email = StringField(
        "Your e-mail address", [InputRequired(), Length(max=200), ADDRESS], filters=[_lower]
    )


class PlanForm(FlaskForm):
    """A plan, and the pretence of a card."""

    plan = RadioField(
        "Plan",
        choices={name: f"{label}, {euros} €" for name, (label, euros) in PLANS.items()},
        default="month",
    )
    card = StringField(
        "Card number", [Regexp(r"^\d{4}( \d{4}){3}$", message="Write it as 4242 4242 4242 4242.")]
    )


class ComplaintForm(FlaskForm):
    """What went wrong."""

    text = TextAreaField("What went wrong?", [InputRequired(), Length(max=2000)])


class LeaveForm(FlaskForm):
    """Why a reader goes."""

    reason = RadioField("Why do you go?", choices=REASONS, default="not for me")


class LoginForm(FlaskForm):
    """The staff's password, and where to go then."""

    password = PasswordField("Password", [InputRequired()])
    after = HiddenField()


class LetterForm(FlaskForm):
    """A letter to a reader."""

    subject = StringField("Subject", [InputRequired(), Length(max=200)])
    body = TextAreaField("Letter", [InputRequired(), Length(max=5000)])


class AnswerForm(FlaskForm):
    """An answer to a complaint, which resolves it."""

    answer = TextAreaField("Your answer", [InputRequired(), Length(max=5000)])
