"""An assistant asks: by the protocol's own client, over the standard streams of a real process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from click.testing import CliRunner

from motfunnel import Tracker
from motfunnel.cli.group import group
from motfunnel.errors import QuestionError
from motfunnel.reports.catalogue import CATALOGUE, OF_ALL, Entry
from tests.reports.drawn import AS_OF, FIRST, FUNNEL, GIVEN, make_tracker, put

mcp = pytest.importorskip("mcp")
Draft202012Validator = pytest.importorskip("jsonschema").Draft202012Validator  # comes with it

from motfunnel.mcp import Assistant, schema_of  # noqa: E402

Result = TypeVar("Result")
COMMAND: Final = [sys.executable, "-m", "motfunnel", "mcp"]
TOLD: Final = {
    **GIVEN,
    "other_funnel": {**FUNNEL.to_dict(), "loyal_after": 3},
    "period": [FIRST.isoformat(), AS_OF.isoformat()],
}
"""What questions cannot do without, as JSON has it."""
each: Final = pytest.mark.parametrize("question", CATALOGUE.values(), ids=CATALOGUE)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store, in which keys are like nothing else."""
    path = tmp_path_factory.mktemp("asked") / "store.db"
    with make_tracker(f"sqlite:///{path}") as tracker:
        tracker.identify("c01", {"plan": "team"}, occurred_at=FIRST)
    return path


@pytest.fixture
def stored(file: Path) -> Iterator[Tracker]:
    with Tracker(f"sqlite:///{file}") as tracker:
        yield tracker


def asking(
    work: Callable[[Any, Any], Awaitable[Result]], *arguments: str, cwd: Path | None = None
) -> Result:
    """Start the server, and do something with the client of the protocol's own library."""
    how = mcp.StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], *arguments], cwd=cwd)

    async def session() -> Result:
        async with mcp.stdio_client(how) as streams, mcp.ClientSession(*streams) as client:
            return await work(client, await client.initialize())

    return asyncio.run(asyncio.wait_for(session(), 120))


def arguments_of(question: Entry) -> dict[str, Any]:
    needed = {name: TOLD[name] for name, option in question.options.items() if option.needed}
    return needed | {"as_of": AS_OF.isoformat()}


def dumped(stored: Tracker) -> list[str]:
    """All that is in a database."""
    with stored.database.engine.connect() as connection:
        return [*connection.connection.driver_connection.iterdump()]  # type: ignore[union-attr]


def test_all_questions_by_a_client(file: Path, stored: Tracker) -> None:
    """Each is a tool that only reads, and answers as the report does, with its definition."""
    before = dumped(stored)

    async def work(client: Any, began: Any) -> dict[str, Any]:
        assert began.server_info.name == "motfunnel"
        assert "visitor, lead, customer" in began.instructions and "plan" in began.instructions
        tools = (await client.list_tools()).tools
        assert [one.name for one in tools] == [*CATALOGUE]
        assert all(one.annotations.read_only_hint for one in tools)
        said = {}
        for name, question in CATALOGUE.items():
            answer = await client.call_tool(name, arguments_of(question))
            assert not answer.is_error, answer.content[0].text
            assert json.loads(answer.content[0].text) == answer.structured_content
            said[name] = answer.structured_content
        return said

    said = asking(work, "--db", f"sqlite:///{file}", "--people")
    report = stored.report(as_of=AS_OF)
    for name, question in CATALOGUE.items():
        expected = json.loads(json.dumps(put(question, report).to_dict()))
        assert said[name] == expected
        assert said[name]["definition"]
    assert {"rate", "lower", "upper", "numerator", "denominator"} <= {*said["recidivism"]}
    assert dumped(stored) == before


@each
def test_nobody_is_named(question: Entry, stored: Tracker) -> None:
    """No key and no id of an event, unless people may be named."""
    names = {"name": ("ultimate", "eight", "carlzon", "lafley")} if question.name == "lens" else {}
    for lens in names.get("name", ("",)):
        told = arguments_of(question) | ({"name": lens} if lens else {})
        said = json.dumps(Assistant(stored).ask(question, told))
        assert '"c0' not in said and '"c1' not in said and "onerror" not in said
        assert "invited-" not in said and "rated-" not in said
    assert "members" not in Assistant(stored).tool(question).input_schema["properties"]


@pytest.mark.parametrize("by", ["property:friend", "friend", ["stage", "property:friend"]])
def test_no_group_is_called_as_a_contact(by: Any, by_whom: Entry, stored: Tracker) -> None:
    """A property that names whom somebody referred makes groups only where people may be named."""
    told = arguments_of(by_whom) | {"by": by}
    with pytest.raises(QuestionError, match="--people"):
        Assistant(stored).ask(by_whom, told)


@pytest.fixture
def by_whom() -> Entry:
    return CATALOGUE["relapse"]


def test_who_is_named_where_people_may_be(stored: Tracker) -> None:
    """Where they are listed, and behind a count that is asked for."""
    assistant = Assistant(stored, people=True)
    listed = assistant.ask(CATALOGUE["worklist"], {"as_of": AS_OF.isoformat(), "limit": 3})
    assert all(row["contact"] for row in listed["rows"])
    told = {"within": "9d", "as_of": AS_OF.isoformat(), "members": "denominator"}
    [row] = assistant.ask(CATALOGUE["recidivism"], told)["rows"]
    assert row["count"] == len(row["members"]) > 0


@each
def test_a_schema_is_the_signature(question: Entry, stored: Tracker) -> None:
    """It is one, takes what a question is told, and explains each option."""
    schema = Assistant(stored).tool(question).input_schema
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(arguments_of(question))
    assert [*schema["properties"]] == [*question.options, *OF_ALL]
    assert schema["required"] == [n for n, one in question.options.items() if one.needed]
    assert all(one["description"] for one in schema["properties"].values())


@pytest.mark.parametrize(
    ("name", "told", "said"),
    [
        ("recidivism", {}, "needs 'within'"),
        ("recidivism", {"within": "soon"}, "write a whole number and a unit"),
        ("recidivism", {"within": 90}, 'within is 90; it must fit {"type": "string"}'),
        ("recidivism", {"within": "9d", "unit": "visit"}, "unit is 'visit'"),
        ("recidivism", {"within": "9d", "by": [1]}, "by is [1]"),
        ("recidivism", {"within": "9d", "window": 1}, "takes no 'window'; it takes: within, "),
        ("recidivism", {"within": "9d", "members": "numerator"}, "takes no 'members'"),
        ("recidivism", {"within": "9d", "departed": ["2025-01-01"]}, "departed is"),
        ("recidivism", {"within": "9d", "departed": ["2025-01-01", "x"]}, "'x' is no ISO 8601"),
        ("recidivism", {"within": "9d", "confidence": True}, "confidence is True"),
        ("recidivism", {"within": "9d", "confidence": 2}, "confidence"),
        ("recidivism", {"within": "9d", "as_of": "tomorrow"}, "as_of: 'tomorrow' is no ISO 8601"),
        ("recidivism", {"within": "9d", "timezone": "Nowhere"}, "no time zone 'Nowhere'"),
        ("growth", {"since": "2025-01-01", "timezone": "Nowhere"}, "no time zone 'Nowhere'"),
        ("simulate", {"other_funnel": {"stages": []}}, "a funnel file needs rules"),
        ("simulate", {"other_funnel": "/etc/passwd"}, "it must fit"),
    ],
)
def test_what_cannot_be_answered_is_said(
    file: Path, stored: Tracker, name: str, told: dict[str, Any], said: str
) -> None:
    """With the words of the library, as an error of the tool, after which it goes on."""

    async def call(called: Any) -> Any:
        return await Assistant(stored)._call(None, called)

    answer = asyncio.run(call(mcp.types.CallToolRequestParams(name=name, arguments=told)))
    assert answer.is_error
    assert said in answer.content[0].text


def test_a_store_that_is_gone(tmp_path: Path) -> None:
    """The error of the store is the tool's."""
    path = tmp_path / "gone.db"
    with make_tracker(f"sqlite:///{path}", contacts=2) as tracker:
        tracker.database.engine.dispose()
        path.write_bytes(b"no database" * 1000)
        answer = asyncio.run(
            Assistant(tracker)._call(None, mcp.types.CallToolRequestParams(name="growth"))
        )
    assert answer.is_error
    assert "database" in answer.content[0].text


def test_a_wrong_tool_and_a_wrong_argument_by_a_client(file: Path) -> None:
    """The one is the protocol's error, the other the tool's; neither ends the session."""

    async def work(client: Any, _: Any) -> None:
        with pytest.raises(mcp.MCPError, match="there is no 'sweep'; there are: recidivism"):
            await client.call_tool("sweep", {})
        wrong = await client.call_tool("recidivism", {"within": "soon"})
        assert wrong.is_error and "'soon' is not a duration" in wrong.content[0].text
        assert not (await client.call_tool("growth", {})).is_error

    asking(work, "--db", f"sqlite:///{file}")


def test_standard_output_is_the_protocol_alone(file: Path, tmp_path: Path) -> None:
    """Whatever an application prints or logs there, as it is imported or asked."""
    (tmp_path / "shop.py").write_text(
        "import logging, os, sys\n"
        "from motfunnel import Tracker\n"
        "logging.basicConfig(stream=sys.stdout, level=logging.DEBUG)\n"
        "print('hello from the shop')\n"
        "os.system('echo hello from a process')\n"
        f"tracker, report = Tracker('sqlite:///{file}'), Tracker.report\n"
        "def chatty(self, **options):\n"
        "    print('a report'); logging.info('a report')\n"
        "    return report(self, **options)\n"
        "Tracker.report = chatty\n"
    )
    hello: dict[str, Any] = {"protocolVersion": "2025-06-18", "capabilities": {}}
    hello["clientInfo"] = {"name": "x", "version": "1"}
    lines: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "growth", "arguments": {}}},
    ]
    given = "".join(json.dumps({"jsonrpc": "2.0", **one}) + "\n" for one in lines)
    with subprocess.Popen(
        [*COMMAND, "--app", "shop:tracker"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(given)
        server.stdin.flush()
        said = [json.loads(server.stdout.readline()) for _ in range(2)]
        rest, errors = server.communicate(timeout=60)
    assert [one["id"] for one in said] == [1, 2], errors
    assert said[1]["result"]["structuredContent"]["name"]
    assert rest == ""
    assert "hello from the shop" in errors and "hello from a process" in errors
    assert errors.count("a report") >= 2
    assert server.returncode == 0


def test_an_application_on_asyncio(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is refused, and the error says what to write: one loop cannot run within another."""
    (tmp_path / "asynchronous.py").write_text(
        f"import motfunnel\ntracker = motfunnel.AsyncTracker('sqlite+aiosqlite:///{file}')\n"
    )
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(group, ["mcp", "--app", "asynchronous:tracker"])
    assert result.exit_code == 2
    assert "name its --db" in result.stderr


def test_without_the_extra(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said, with the line that brings it."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.delitem(sys.modules, "motfunnel.mcp")
    result = CliRunner().invoke(group, ["mcp", "--db", f"sqlite:///{file}"])
    assert result.exit_code == 3
    assert "pip install 'motfunnel[mcp]'" in result.stderr


def test_types_of_arguments() -> None:
    """What an annotation says is what JSON may have."""
    assert schema_of(bool) == {"type": "boolean"}
    assert schema_of(int | None) == {"type": ["integer", "null"]}
    assert schema_of(str | str) == {"type": "string"}
