"""An assistant's way to the questions: a server of the Model Context Protocol, which only reads.

Each question of the catalogue is a tool; what it takes is read off the question's signature. Says
nothing on standard output but what the protocol says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from types import NoneType
from typing import Any, Final, Literal, TextIO, get_args, get_origin

from attrs import evolve, frozen

from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import nameless
from motfunnel.answers.named import Named
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import MissingExtraError, MotfunnelError, QuestionError, install
from motfunnel.intake.files.instants import instant_reader
from motfunnel.reports.catalogue import CATALOGUE, OF_ALL, Entry, Option
from motfunnel.trackers.tracker import Tracker

try:
    import anyio
    import anyio.to_thread
    from mcp.server import Server
    from mcp.server.stdio import stdio_server
    from mcp.shared.exceptions import MCPError
    from mcp.types import (
        INVALID_PARAMS,
        CallToolResult,
        ListToolsResult,
        TextContent,
        Tool,
        ToolAnnotations,
    )
except ImportError as _missing:
    raise MissingExtraError(f"an assistant needs more: {install('mcp')}") from _missing

Schema = dict[str, Any]
_PLAIN: Final[Mapping[Any, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    NoneType: "null",
    Funnel: "object",  # the tables of a funnel file
    **dict.fromkeys((str, timedelta, date, datetime), "string"),
}
_JSON: Final[Mapping[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "null": (NoneType,),
    "array": (list,),
    "object": (dict,),
}
_READ_ONLY: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_MEMBERS: Final = "members"
_NAMING: Final = Option(
    name=_MEMBERS,
    type=str,
    needed=False,
    help="instead of the answer, name who was counted: which count, such as numerator.",
)


@frozen
class Assistant:
    """What an assistant can ask a tracker.

    Args:
        tracker: whose contacts.
        people: whether it may learn who they are: the keys of contacts and the ids of events.
    """

    tracker: Tracker
    people: bool = False

    def run(self, output: TextIO) -> None:
        """Answer what comes on standard input, until that ends.

        Args:
            output: where to.
        """
        anyio.run(self._serve, output)

    def options(self, entry: Entry) -> dict[str, Option]:
        """What a tool can be told, by name."""
        naming = {_MEMBERS: _NAMING} if self.people else {}
        return {**entry.options, **OF_ALL, **naming}

    def tool(self, entry: Entry) -> Tool:
        """A question as a tool."""
        options = self.options(entry)
        said = (entry.function.__doc__ or "").partition("Args:\n")[0]
        return Tool(
            name=entry.name,
            description=" ".join(said.split()),
            input_schema={
                "type": "object",
                "properties": {
                    name: schema_of(one.type) | {"description": one.help}
                    for name, one in options.items()
                },
                "required": [name for name, one in options.items() if one.needed],
                "additionalProperties": False,
            },
            annotations=_READ_ONLY,
        )

    def ask(self, entry: Entry, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put a question as an assistant does.

        Raises:
            MotfunnelError: it cannot be answered; the text says why, and what to write.
        """
        told = _read(entry, self.options(entry), given)
        part = told.pop(_MEMBERS, None)
        if not self.people:
            self._check_groups(told)
        report = self.tracker.report(**{name: told.pop(name) for name in OF_ALL if name in told})
        answer: Answer[Any] = getattr(report, entry.name)(**told)
        if part is not None:
            return Named(answer, part).to_dict()
        if not self.people:
            answer = evolve(nameless(answer), rows=tuple(map(nameless, answer.rows)))
        return answer.to_dict()

    def _check_groups(self, told: Mapping[str, Any]) -> None:
        """Refuse groups that would be called as contacts are: by whom somebody referred."""
        rules = (rule for several in self.tracker.funnel.rules.values() for rule in several)
        names = {rule.referred for rule in rules} - {None}
        for option in ("by", "adjust"):
            given = told.get(option) or ()
            for by in [given] if isinstance(given, str) else given:
                if by.removeprefix("property:") in names:
                    raise QuestionError(f"{by} names contacts; that takes motfunnel mcp --people")

    def instructions(self) -> str:
        """What an assistant has to know of all questions."""
        traits = ", ".join(self.tracker.report().trait_names()) or "none"
        return (
            "Questions about the moments of truth of contacts: who left, who came back, and why. "
            "An answer has its definition, which says in words what was divided by what, and the "
            "ends of intervals: give them with a number, and the notes. What is null is undefined, "
            "and not zero. A duration is written 90d or 12h, an instant 2025-01-31. "
            f"The stages, from the first on: {', '.join(self.tracker.funnel.stages)}. "
            f"Traits that answers can be grouped by: {traits}."
        )

    async def _serve(self, output: TextIO) -> None:
        server: Server[Any] = Server(
            "motfunnel",
            version=version("motfunnel"),
            instructions=self.instructions(),
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        async with stdio_server(stdout=anyio.wrap_file(output)) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    async def _list(self, _: Any, __: Any) -> ListToolsResult:
        return ListToolsResult(tools=[self.tool(entry) for entry in CATALOGUE.values()])

    async def _call(self, _: Any, called: Any) -> CallToolResult:
        entry = CATALOGUE.get(called.name)
        if entry is None:
            known = ", ".join(CATALOGUE)
            raise MCPError(INVALID_PARAMS, f"there is no {called.name!r}; there are: {known}")
        asked = partial(self.ask, entry, called.arguments or {})
        try:
            said = await anyio.to_thread.run_sync(asked)
        except Exception as error:
            return CallToolResult(content=[_text(_describe(error))], is_error=True)
        text = json.dumps(said, ensure_ascii=False, allow_nan=False)
        return CallToolResult(content=[_text(text)], structured_content=said)


def schema_of(kind: Any) -> Schema:
    """The JSON Schema of what an argument takes, by its annotation.

    >>> schema_of(int | str | None)
    {'type': ['integer', 'string', 'null']}
    """
    of, parts = get_origin(kind), get_args(kind)
    if of is Literal:
        return {"type": "string", "enum": [*parts]}
    if of is tuple:
        return {"type": "array", "items": schema_of(parts[0]), "minItems": 2, "maxItems": 2}
    if of is Sequence:
        return {"type": "array", "items": schema_of(parts[0])}
    if of is Mapping:
        return {"type": "object", "additionalProperties": schema_of(parts[1])}
    if parts:
        return _one_of([schema_of(one) for one in parts])
    return {"type": _PLAIN[kind]}


def _one_of(schemas: Sequence[Schema]) -> Schema:
    if any({*one} != {"type"} for one in schemas):
        return {"anyOf": [one for n, one in enumerate(schemas) if one not in schemas[:n]]}
    types = list(dict.fromkeys(one["type"] for one in schemas))
    return {"type": types if types[1:] else types[0]}


def _fits(schema: Schema, value: Any) -> bool:
    if "anyOf" in schema:
        return any(_fits(one, value) for one in schema["anyOf"])
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(type(value) in _JSON[one] for one in types):
        return False
    if isinstance(value, list):
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
        return least <= len(value) <= most and all(_fits(schema["items"], one) for one in value)
    if isinstance(value, dict) and "additionalProperties" in schema:
        return all(_fits(schema["additionalProperties"], one) for one in value.values())
    return value in schema.get("enum", [value])


def _read(entry: Entry, options: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Read arguments as the question is to be told them; what is null is not given.

    Raises:
        QuestionError: one is unknown or missing, or is not what it has to be.
    """
    told = {name: value for name, value in given.items() if value is not None}
    for name in told:
        if name not in options:
            raise QuestionError(f"{entry.name} takes no {name!r}; it takes: {', '.join(options)}")
    for name, option in options.items():
        if option.needed and name not in told:
            raise QuestionError(f"{entry.name} needs {name!r}: {option.help}")
    for name, value in told.items():
        if not _fits(schema := schema_of(options[name].type), value):
            raise QuestionError(f"{name} is {value!r}; it must fit {json.dumps(schema)}")
    zone = told.get("timezone", "UTC")
    return {name: _value(options[name], value, zone) for name, value in told.items()}


def _value(option: Option, value: Any, zone: str) -> Any:
    if isinstance(value, dict) and Funnel in get_args(option.type):
        return Funnel.from_dict(value)
    if option.is_period:
        return tuple(None if one is None else _instant(option, one, zone) for one in value)
    if isinstance(value, str) and datetime in {option.type, *get_args(option.type)}:
        return _instant(option, value, zone)
    return value


def _instant(option: Option, text: str, zone: str) -> datetime:
    try:
        return instant_reader(zone)(text)
    except ValueError as error:
        raise QuestionError(f"{option.name}: {error}") from None


def _describe(error: Exception) -> str:
    """What is wrong; of a database's error what the database said, without the statement."""
    if isinstance(error, MotfunnelError | ValueError):
        return str(error)
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {original}"


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)
