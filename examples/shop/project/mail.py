"""Prints letters as their reader sees them: encoded for the wire, a long link would be broken."""

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """The console's backend, with subject, address and text alone."""

    def write_message(self, message: EmailMessage) -> None:
        """Print a letter."""
        to = ", ".join(message.to)
        self.stream.write(f"To: {to}\nSubject: {message.subject}\n\n{message.body}\n{'-' * 79}\n")
