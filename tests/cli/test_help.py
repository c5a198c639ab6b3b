"""The help of the commands: it fits a terminal, cuts nothing, and its examples can be typed."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from motfunnel.cli.group import COMMANDS, group
from motfunnel.cli.help import HOST, STORE, Command
from tests.cli.conftest import Run

CONTEXT = click.Context(group, info_name="motfunnel", terminal_width=80)
LOADED = {name: group.get_command(CONTEXT, name) for name in COMMANDS}
GROUPED = {name: one for name, one in LOADED.items() if isinstance(one, Command)}
each = pytest.mark.parametrize("name", GROUPED)


def help_of(*command: str, **meta: str) -> str:
    """What a command says of itself, in 80 columns."""
    parent = click.Context(click.Command("host"), info_name="")
    parent.meta.update(meta)
    runner = CliRunner(env={"COLUMNS": "80"})
    said = runner.invoke(group, [*command, "--help"], parent=parent, prog_name="motfunnel")
    return said.output


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_fits_80_columns_and_cuts_nothing(name: str) -> None:
    """Only a choice of many names may be wider: it is one word."""
    said = help_of(*name.split())
    assert "..." not in said.replace("[ARGS]...", "").replace("FILES...", "").replace("]...", "")
    wide = [line for line in said.splitlines() if len(line) > 80]
    assert not [line for line in wide if " [" not in line]


def test_the_list_of_commands_says_whole_sentences() -> None:
    """Each is there, to its full stop."""
    said = " ".join(help_of().split())
    assert all(f"{name} {told}" in said for name, (_, told) in COMMANDS.items())


@each
def test_each_option_stands_once_under_its_heading(name: str) -> None:
    """Headings name options that there are, and no option is lost."""
    command, said = GROUPED[name], help_of(name)
    options = [one for one in command.params if isinstance(one, click.Option)]
    for one in options:
        assert len(re.findall(rf"^  {one.opts[-1]}(?![-\w])", said, re.MULTILINE)) == 1, one.name
    known = {one.opts[-1].lstrip("-") for one in options} | {"help", *STORE}
    if name in ("report", "import"):  # the others share the headings of import
        assert {option for names in command.groups.values() for option in names} <= known


@each
def test_the_examples_can_be_typed(name: str) -> None:
    """There are three; each is read without a fault."""
    command = GROUPED[name]
    assert len(command.examples) == 3
    for line in command.examples:
        command.make_context(name, shlex.split(line))
        assert f"  motfunnel {name} {line}" in help_of(name)


def test_in_a_host_the_examples_name_no_store() -> None:
    """Its commands work on its own database."""
    assert "--by stage --db sqlite:///crm.db\n" in help_of("report")
    assert "--by stage\n" in help_of("report", **{HOST: "a tracker"})


def test_every_option_of_a_report_says_what_it_is() -> None:
    """In a sentence, and not as it stands in Python."""
    for one in GROUPED["report"].params:
        if isinstance(one, click.Option):
            assert one.help and "``" not in one.help, one.name
            assert one.help.endswith("."), one.name


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("repotr", "no such command 'repotr'; did you mean report?"),
        ("recidivsm", "no such command 'recidivsm'; did you mean report recidivism?"),
        ("nonsense", "No such command 'nonsense'."),
        ("recidivism", "recidivism is a report; write group report recidivism"),
        ("report recidivsm", "Did you mean recidivism?"),
        ("report retention --period months", "Did you mean month?"),
        ("report recidivism --within 7d --format jsn", "Did you mean json?"),
        ("report --unit nonsense", "'nonsense' is not one of 'contact', 'episode'"),
        ("moments --kind departed", "Did you mean depart?"),
        ("import events.csv --like mixpannel", "Did you mean mixpanel?"),
        ("report recidivism --withn 7d", "'--within'"),
    ],
)
def test_what_was_meant(run: Run, typed: str, says: str) -> None:
    """A name that is nearly right is asked back; one that is not is told which there are."""
    assert says in " ".join(run(*typed.split(), code=2).output.split())


def test_a_contact_that_is_not_there(filled: Run) -> None:
    """It is said in each form, and by the exit code."""
    assert filled("contact", "nobody", code=1).stdout == "nobody is unknown\n"
    assert '"presence": "unknown"' in filled("contact", "nobody", "--format", "json", code=1).stdout
    assert "ada is departed" in filled("contact", "ada").stdout
