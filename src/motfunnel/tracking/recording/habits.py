"""Habits from elsewhere: what a call, or a name, that is wrong here should have been.

Other libraries that track events have other names for the same things. Looks at a call only once
Python has refused it: one that is right is as quick as ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any, Final, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

_TOLD_BY: Final = {
    "contact": "anonymous_id customer customer_id distinct_id email identity key user user_id",
    "event": "action event_name event_type name type",
    "properties": "attributes context data event_properties extra metadata params payload props",
    "occurred_at": "at created_at date datetime happened_at sent_at time timestamp ts when",
    "as_of": "at date now on time until when",
    "id": "dedup_id event_id idempotency_key insert_id message_id uuid",
    "bind": "conn connection db session transaction using",
    "traits": "attributes data properties props user_properties",
    "database": "connection_string database_url db dsn engine uri url",
    "funnel": "definition",
}
"""For each argument here, the names that it has elsewhere."""

_ELSEWHERE: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(here for here, names in _TOLD_BY.items() if name in names.split())
    for names in _TOLD_BY.values()
    for name in names.split()
}

_WRITE: Final = {
    "contact": "the contact is the first argument",
    "event": "the event's name is the second argument",
    "properties": "what belongs to the event is properties={…}",
    "traits": "the traits are the second argument: identify(contact, {…})",
    "occurred_at": "when it happened is occurred_at=, with a time zone",
    "as_of": "the instant that is asked about is as_of=, with a time zone",
    "id": "what makes a retry the same event is id=",
    "bind": "the session whose transaction it joins is bind=",
    "database": "the database is the first argument",
    "funnel": "the funnel is funnel=, or the second argument",
}
"""What to write for an argument, if it was called something else."""

_VERBS: Final = {
    "alias": "merge(old, into=new)",
    "capture": "track(contact, event)",
    "delete": "forget(contact)",
    "emit": "track(contact, event)",
    "flush": "deliver(), which records what waits in the spool; nothing else is held back",
    "group": "identify(contact, {'group': …})",
    "log": "track(contact, event)",
    "log_event": "track(contact, event)",
    "page": "track(contact, event)",
    "people": "identify(contact, traits)",
    "profile": "contact(contact)",
    "record": "track(contact, event)",
    "screen": "track(contact, event)",
    "send": "track(contact, event)",
    "set": "identify(contact, traits)",
    "shutdown": "close()",
}
"""What verbs of other libraries are here."""


DOORS: Final = {
    "Analytics": "Tracker(database, funnel=…)",
    "Client": "Tracker(database, funnel=…)",
    "init": "configure(database, funnel=…)",
    "initialize": "configure(database, funnel=…)",
    "setup": "configure(database, funnel=…)",
}
"""Where one begins with other libraries, and where here."""


def taught(function: Function, name: str = "") -> Function:
    """Have a call that does not fit the function say what to write instead.

    Args:
        function: what is called.
        name: what it is called by; by default its own name.
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if not _is_refused(error):
                raise
        raise TypeError(_advise(function, name, args, kwargs)) from None

    @wraps(function)
    async def call_async(*args: Any, **kwargs: Any) -> Any:
        try:
            coroutine = function(*args, **kwargs)
        except TypeError as error:
            if not _is_refused(error):
                raise
            coroutine = None
        if coroutine is None:
            raise TypeError(_advise(function, name, args, kwargs)) from None
        return await coroutine

    return cast("Function", call_async if iscoroutinefunction(function) else call)


def name_here(name: str, among: Collection[str]) -> str:
    """What is called here among these what has this name elsewhere; empty where nothing is."""
    return next((here for here in _ELSEWHERE.get(_snake(name), ()) if here in among), "")


def verb_of(name: str, verbs: Collection[str], questions: Collection[str]) -> str:
    """What to write for an attribute that a tracker does not have; empty where nothing is near.

    Args:
        name: the attribute that was asked for.
        verbs: the names that the tracker has.
        questions: the names that a report has.
    """
    plain = _snake(name)
    if plain in questions:
        return f"write report().{plain}(…)"
    if plain in _VERBS:
        return f"write {_VERBS[plain]}"
    return near(plain, verbs)


def _is_refused(error: TypeError) -> bool:
    """Whether the function was not even entered: then no frame of it is in the traceback."""
    return error.__traceback__ is None or error.__traceback__.tb_next is None


def near(name: str, among: Collection[str]) -> str:
    """Ask whether a name that is nearly the same was meant; empty where none is."""
    close = get_close_matches(name, among, n=1, cutoff=0.7)
    return f"did you mean {close[0]}?" if close else ""


def _advise(
    function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str:
    verb = name or _name(function)
    parameters = [one for one in signature(function).parameters.values() if one.name != "self"]
    values = args[1:] if "self" in signature(function).parameters else args
    known = [one.name for one in parameters]
    leading = [one.name for one in parameters if one.kind is Parameter.POSITIONAL_OR_KEYWORD]
    required = [one.name for one in parameters if one.default is Parameter.empty]
    advice = [_of_keyword(verb, name, known) for name in kwargs if name not in known]
    advice += [_of_extra(verb, value, leading, known) for value in values[len(leading) :]]
    given = {*leading[: len(values)], *kwargs}
    twice = [name for name in leading[: len(values)] if name in kwargs]
    advice += [f"{name} is given twice" for name in twice]
    if not advice:
        missing = [name for name in required if name not in given]
        advice = [f"{' and '.join(missing)} is missing"]
    named = [name for name in known if name not in leading]
    form = ", ".join([*leading, *(f"{name}=…" for name in named)])
    return f"{'; '.join(advice)}\nit is {verb}({form})"


def _name(function: Callable[..., Any]) -> str:
    """What is called: of a constructor, the class."""
    *owner, name = function.__qualname__.split(".")
    return owner[-1] if name == "__init__" else name


def _of_keyword(verb: str, name: str, known: Collection[str]) -> str:
    plain = _snake(name)
    there_is_none = f"{verb}() has no {name}="
    if plain == "traits" and "traits" not in known:
        return f"{there_is_none}; traits are told by identify(contact, traits)"
    for here in (plain, *_ELSEWHERE.get(plain, ())):
        if here in known and here in _WRITE:
            return f"{there_is_none}; {_WRITE[here]}"
    close = get_close_matches(plain, known, n=1, cutoff=0.7)
    if close:
        return f"{there_is_none}; did you mean {close[0]}=?"
    if "properties" in known:
        return f"{there_is_none}; what belongs to the event goes into properties={{{name!r}: …}}"
    if "traits" in known:
        return f"{there_is_none}; what is known of the contact goes into traits={{{name!r}: …}}"
    return there_is_none


def _of_extra(verb: str, value: object, leading: Sequence[str], known: Collection[str]) -> str:
    """What a value was meant to be that stands where only names are taken."""
    if isinstance(value, Mapping) and "properties" in known:
        name = "properties"
    elif isinstance(value, datetime) and "occurred_at" in known:
        name = "occurred_at"
    elif verb == "report" and isinstance(value, str):
        return f"a report is asked by a call of its own: report().{value}(…)"
    else:
        named = f"what comes after {leading[-1]} has a name" if leading else "each has a name"
        return f"a {type(value).__name__} too many; {named}"
    return f"what comes after the event has a name: {name}=…"


def _snake(name: str) -> str:
    """The name as Python writes it: ``userId`` is ``user_id``."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
