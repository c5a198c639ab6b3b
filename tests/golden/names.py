"""The names that hosts use, as text: what can be imported, called, asked for and read.

Told without the modules that they lie in, so that a file may move.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

import click
from attrs import Attribute, fields_dict, has
from sqlalchemy import create_engine
from sqlalchemy import inspect as database_of

import motfunnel
from motfunnel import AsyncTracker, Tracker, batch, errors, intake, statistics, testing
from motfunnel.reports.question import Question
from tests.golden.histories import NOW
from tests.golden.questions import questions


class Verbatim(str):
    """A text that a signature shows without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def front_door() -> Iterator[str]:
    """What is imported, from the front door and from the rooms that documents list."""
    for room in (motfunnel, batch, errors, intake, statistics, testing):
        own = [name for name, one in vars(room).items() if is_public(name, one, room.__name__)]
        things = {name: getattr(room, name) for name in getattr(room, "__all__", own)}
        yield from section(room.__name__, things)


def reports(tracker: Tracker) -> Iterator[str]:
    """The questions, what they give, and the columns of it."""
    report = tracker.report(as_of=NOW, timezone="Europe/Berlin")
    asynchronous = AsyncTracker("sqlite+aiosqlite://", spool=False).report()
    yield from section("reports", {type(one).__name__: type(one) for one in (report, asynchronous)})
    answers: dict[str, list[Any]] = {}
    for name, arguments in questions(tracker, NOW):
        with suppress(errors.QuestionError):
            answers.setdefault(name, []).append(getattr(report, name)(**arguments))
    kinds = {type(one) for each in answers.values() for answer in each for one in within(answer)}
    yield from section("answers", {kind.__name__: kind for kind in kinds})
    yield "\n# columns of answers: of CSV, and of JSON"
    for name, each in sorted(answers.items()):
        columns = dict.fromkeys(
            one for it in each for one in it.to_csv().splitlines()[0].split(",")
        )
        keys = dict.fromkeys(key for it in each for key in paths(it.to_dict()))
        yield f"{name}\n    CSV {' '.join(columns)}\n    JSON {' '.join(keys)}"


def tables(url: str) -> Iterator[str]:
    """The tables of the database, as it tells of them."""
    yield "\n# tables"
    engine = create_engine(url)
    there = database_of(engine)
    for table in sorted(there.get_table_names()):
        columns = [f"{one['name']} {one['type']}" for one in there.get_columns(table)]
        key = there.get_pk_constraint(table)["constrained_columns"]
        yield f"{table}: {', '.join(columns)}; key {', '.join(key)}"
        for index in sorted(there.get_indexes(table), key=lambda one: str(one["name"])):
            yield f"    {index['name']}: {', '.join(map(str, index['column_names']))}"
    engine.dispose()


def commands(name: str, command: click.Command) -> Iterator[str]:
    """A command, its arguments and options, and those below it."""
    yield name
    for one in command.params:
        names = " ".join([*one.opts, *one.secondary_opts, *["(required)"] * one.required])
        is_flag = isinstance(one, click.Option) and one.is_flag
        choices = "|".join(map(str, getattr(one.type, "choices", ())))
        yield f"    {names} {'' if is_flag else choices or one.type.name}".rstrip()
    if isinstance(command, click.Group):
        context = click.Context(command)
        for sub in command.list_commands(context):
            below = command.get_command(context, sub)
            assert below is not None
            yield from commands(f"{name} {sub}", below)


def section(title: str, things: Mapping[str, Any]) -> Iterator[str]:
    """Some things with what they have, in the order of their names."""
    yield f"\n# {title}"
    for name, thing in sorted(things.items()):
        yield described(name, thing)
        if isinstance(thing, type):
            yield from (f"    .{described(*one)}" for one in members(thing))


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The public names of a class that were given to it here."""
    fields = fields_dict(cls) if has(cls) else {}
    for name in sorted({*dir(cls), *fields}):
        thing = fields.get(name) or inspect.getattr_static(cls, name)
        if isinstance(thing, Question):
            thing = getattr(cls, name)
        owner = next((one for one in cls.__mro__ if name in vars(one)), cls)
        if is_public(name, owner, "motfunnel"):
            yield name, thing


def is_public(name: str, thing: Any, where: str) -> bool:
    return not name.startswith("_") and getattr(thing, "__module__", "").startswith(where)


def described(name: str, thing: Any) -> str:
    """A name, and how it is called, what it holds or what it is."""
    thing = getattr(thing, "__func__", thing)
    if isinstance(thing, property):
        return f"{name}: {typed(thing.fget.__annotations__['return'])}"
    if isinstance(thing, Attribute):
        return f"{name}: {typed(thing.type)}"
    if isinstance(thing, Enum):
        return f"{name} = {thing.value!r}"
    if isinstance(thing, type) and issubclass(thing, Enum | BaseException):
        return " < ".join(one.__name__ for one in thing.__mro__[:-1])
    if not callable(thing):
        return f"{name}: {type(thing).__name__}"
    signature = inspect.signature(thing)
    parameters = [
        one.replace(annotation=typed(one.annotation), default=written(one.default))
        for one in signature.parameters.values()
        if one.name not in ("self", "cls")
    ]
    returned = signature.empty if isinstance(thing, type) else typed(signature.return_annotation)
    waits = "async " * inspect.iscoroutinefunction(thing)
    return f"{waits}{name}{signature.replace(parameters=parameters, return_annotation=returned)}"


def written(thing: Any) -> Any:
    """A type or a value as text, without the modules that it is found in."""
    if thing is inspect.Parameter.empty:
        return thing
    text = getattr(thing, "__name__", repr(thing))
    return Verbatim(re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])", "", text))


def typed(annotation: Any) -> Any:
    return written(Verbatim(annotation) if isinstance(annotation, str) else annotation)


def within(value: Any) -> Iterator[Any]:
    """A value of ours and all that it holds."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from within(one)
    elif has(type(value)):
        yield value
        for name in fields_dict(type(value)):
            yield from within(getattr(value, name))


def paths(value: Any, before: str = "") -> Iterator[str]:
    """The keys of what becomes JSON, those within others after a dot."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield before + key
            yield from paths(one, f"{before}{key}.")
    elif isinstance(value, list):
        for one in value:
            yield from paths(one, before)
