"""Every error motfunnel raises: one base, each also the builtin it resembles.

An error keeps what it knows as attributes, and its text says what to do next.
"""

from __future__ import annotations

_BRIEF = 80
_WORD = 2**64  # Python refuses to write integers of thousands of digits


class MotfunnelError(Exception):
    """The base of every error of this library."""

    def __reduce__(self) -> tuple[object, ...]:
        """What a pickle keeps: an error goes whole to the process that asked, as of a task."""
        return _restored, (type(self), self.args, vars(self))


class EventError(MotfunnelError, ValueError):
    """An event cannot be taken as it is; nothing was written.

    Attributes:
        contact: the contact as given, or None where it was itself unusable.
        event: the event's name as given, or None likewise.
        id: the event's id, where it had one by then.
        reason: what is wrong, and with which part.
    """

    def __init__(
        self, reason: str, *, contact: object = None, event: object = None, id: object = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.contact = contact
        self.event = event
        self.id = id

    def __str__(self) -> str:
        return f"event {_brief(self.event)} of contact {_brief(self.contact)}: {self.reason}"


class AnonymousError(EventError):
    """The contact is an anonymous visitor, for whom there is no key."""


class ConflictError(EventError):
    """An event with this id but other content is already recorded; that one stays.

    Attributes:
        id: the id that both events carry.
    """

    def __init__(self, reason: str, *, contact: object, event: object, id: str) -> None:
        super().__init__(reason, contact=contact, event=event, id=id)


class MergeError(MotfunnelError, ValueError):
    """Two contacts cannot be merged; nothing was changed.

    Attributes:
        old: the key that was to be merged.
        into: the key into which.
        reason: why not.
    """

    def __init__(self, reason: str, *, old: str, into: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.old = old
        self.into = into

    def __str__(self) -> str:
        return f"contact {_brief(self.old)} into {_brief(self.into)}: {self.reason}"


class AssignmentError(MotfunnelError, ValueError):
    """A contact cannot be assigned to an arm of a trial; nothing was written.

    Attributes:
        contact: whom it is about.
        trial: the trial.
        reason: why not.
    """

    def __init__(self, reason: str, *, contact: str, trial: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.contact = contact
        self.trial = trial

    def __str__(self) -> str:
        return f"contact {_brief(self.contact)} in trial {_brief(self.trial)}: {self.reason}"


class UnmappedEventError(EventError):
    """The funnel refuses events that no rule of it names (``unmapped = "refuse"``)."""


class RefusedError(EventError):
    """The database refuses the event for what it holds, at any time; ``__cause__`` says why.

    A text that the database's encoding has no characters for, a trigger or a constraint of the
    host's. Its reason holds the database's code, and none of its words.
    """


class ErasedError(EventError):
    """It happened before its contact was erased, and came back in a file, a reject or the spool.

    A tombstone knows the contact. Names nobody.
    """

    def __init__(self) -> None:
        super().__init__("its contact was erased after it happened")


class TombstoneError(MotfunnelError):
    """Contacts have tombstones, and the tracker has not the key that knows them by these."""


class StoreError(MotfunnelError, ConnectionError):
    """The database did not take it, in a transaction of the tracker's own; ``__cause__`` says why.

    Its text holds no contact and nothing of the event, so that it can be logged.

    Attributes:
        reason: what kind of fault it was, and how often it was tried.
        contact: the contact of the call, where it was about one.
        event: the event's name likewise.
        id: the event's id, made by the tracker where the caller brought none. Whether or not the
            event is stored after all, calling again with this id records it once.
    """

    def __init__(
        self,
        reason: str,
        *,
        contact: str | None = None,
        event: str | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.contact = contact
        self.event = event
        self.id = id

    def __str__(self) -> str:
        same = "the same id (the error's id, if you gave none)" if self.id else "the same ids"
        return f"{self.reason}; calling again with {same} is safe"


class FunnelError(MotfunnelError, ValueError):
    """A funnel's definition cannot be used.

    Attributes:
        key: where in the definition, written as TOML would (``rules.signed_up``).
        reason: what is wrong there.
        remedy: what to write instead.
    """

    def __init__(self, key: str, reason: str, remedy: str) -> None:
        super().__init__(f"{key}: {reason}; {remedy}")
        self.key = key
        self.reason = reason
        self.remedy = remedy


class NoFunnelError(MotfunnelError, LookupError):
    """The tracker was given no funnel, and its database holds none of its tenant."""


class OutdatedError(MotfunnelError, RuntimeError):
    """Contacts were classified by another funnel; ``rebuild()`` brings them up to date.

    Attributes:
        contacts: how many contacts await it.
    """

    def __init__(self, contacts: int, *, unfinished: int = 0) -> None:
        remedy = "run tracker.rebuild() (or: motfunnel rebuild, with the same --funnel)"
        if unfinished:
            broken_off = f"an import was broken off after {unfinished:,} rows"
            remedy = f"{broken_off}: import the file again, or {remedy}"
        super().__init__(
            f"this funnel has not classified {contacts:,} of the contacts yet; "
            f"{remedy} and ask again"
        )
        self.contacts = contacts


class NotConfiguredError(MotfunnelError, RuntimeError):
    """There is no tracker: nothing was configured, or no application is running."""


class ClockError(MotfunnelError, ValueError):
    """A clock for tests was to go where it cannot: back, or to an instant without a time zone."""


class UrlError(MotfunnelError, ValueError):
    """The URL of a database cannot be used; the text says what to write."""


class SpoolError(MotfunnelError, OSError):
    """A file that was named as the spool is something else; nothing was done to it."""


class SpoolFullError(SpoolError):
    """There is no room in the spool; what was to wait there is kept nowhere, and counted."""


class SchemaError(MotfunnelError, RuntimeError):
    """The database's tables are not those that this version of motfunnel works with."""


class ReadOnlyError(MotfunnelError, TypeError):
    """A row was to be written through its Django model; nothing was changed.

    Attributes:
        model: the name of the model.
    """

    def __init__(self, model: str) -> None:
        super().__init__(
            f"{model} is read-only, for what is stored of a contact belongs together: "
            "record with motfunnel.track(…), remove with motfunnel.tracker().forget(contact)"
        )
        self.model = model


class TransactionError(MotfunnelError, RuntimeError):
    """What commits by itself was asked for amid a transaction of the host's that is in its way.

    Attributes:
        reason: why it cannot be done beside that.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(
            "this commits by itself, and cannot be done while the application's transaction is "
            f"open: {reason}; commit or roll back first"
        )
        self.reason = reason


class SettingError(MotfunnelError, ValueError):
    """A setting in the host's configuration cannot be used.

    Attributes:
        key: the setting's name.
        reason: what is wrong with it, and what to write instead.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


class QuestionError(MotfunnelError, ValueError):
    """A report was asked something that has no answer, such as an instant yet to come."""


class InconsistencyError(MotfunnelError, RuntimeError):
    """What is stored, or counted, contradicts itself, for which the question is not at fault.

    The rows of a contact hold what nothing of this library wrote; or the counts of a report
    contradict each other, which is a bug of this library.
    """


class SourceError(MotfunnelError, ValueError):
    """A file cannot be used: missing, malformed, not as it was, or without a column named."""


class ColumnsError(SourceError):
    """Nobody said which columns of a file to read, and it has none of our own names."""


class MissingExtraError(MotfunnelError, ImportError):
    """What was asked for needs an optional dependency; the text says what to install."""


def install(*extras: str) -> str:
    """The line that brings extras to where motfunnel is installed, wherever it came from."""
    return f"pip install 'motfunnel[{','.join(extras)}]'"


def _restored(
    cls: type[MotfunnelError], args: tuple[object, ...], said: dict[str, object]
) -> Exception:
    error = cls.__new__(cls)
    error.args = args
    vars(error).update(said)
    return error


def _brief(value: object) -> str:
    """Show a value that may be anything, of any size, on one line."""
    if value is None:
        return "(none)"
    is_plain = isinstance(value, str | float) or (isinstance(value, int) and -_WORD < value < _WORD)
    text = ascii(value) if is_plain else f"<{type(value).__name__}>"
    return text if len(text) <= _BRIEF else text[: _BRIEF - 3] + "..."
