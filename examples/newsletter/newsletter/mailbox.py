"""The post. Letters are kept in a table, and this browser's are shown on a page.

The page stands in for a reader's mail program: where letters really go out, delete it, and have
``send`` call the mailer.
"""

from flask import Blueprint, current_app, render_template, session

from newsletter.models import Letter, Reader, db
from newsletter.signing_in import known

blueprint = Blueprint("mailbox", __name__)


def send(reader: Reader, subject: str, body: str, link: str) -> None:
    """Send a letter; as long as nothing is committed, it is not sent."""
    db.session.add(Letter(reader_id=reader.id, subject=subject, body=body, link=link))
    current_app.logger.info("A letter to %s: %s", reader.email, subject)


def open_mailbox(reader: Reader) -> None:
    """Show this reader's letters in this browser."""
    session["mailbox"] = reader.id


@blueprint.get("/mailbox")
def letters() -> str:
    """The letters to the address that was last written into this browser."""
    return render_template("mailbox.html", owner=known("mailbox"))
