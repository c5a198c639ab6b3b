"""What bare data do not say of themselves is said on the other stream; the data stay pure."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

import pytest

from motfunnel.cli.arguments import read_funnel
from motfunnel.cli.report import REPORTS, Form
from tests.cli.conftest import COLUMNS, Run

LITTLE: Final = 'stages = ["visitor", "customer"]\n[patience]\ndefault = "30d"\n[rules]\n{}\n'
GIVEN: Final = {
    "start": "visitor",
    "goal": "customer",
    "baseline": "0.2",
    "effect": "0.1",
    "other": "funnel.toml",
    "lens": "ultimate",
    "from": "2024-01-01",
    "to": "2024-02-01",
}
"""What reports cannot do without; of all others a duration."""
each: Final = pytest.mark.parametrize("name", REPORTS)


def needed(form: Form) -> list[str]:
    """The options that a report cannot do without, with values."""
    return [word for one in sorted(form.needs) for word in (f"--{one}", GIVEN.get(one, "9d"))]


def little(run: Run, rule: str = 'seen = "touch"') -> None:
    """Import the history with a funnel that sets up next to nothing."""
    with open("funnel.toml", "w", encoding="utf-8") as file:
        file.write(LITTLE.format(rule))
    run("import", "events.csv", "--funnel", "funnel.toml", *COLUMNS)


@each
def test_what_is_not_set_up_is_said_beside_the_data(run: Run, name: str) -> None:
    """What the text says in place of figures, and what cannot be another number."""
    little(run)
    asked = ("report", name, *needed(REPORTS[name]))
    text, told = run(*asked).stdout, run(*asked, "--format", "csv")
    first, *_ = csv.reader(io.StringIO(told.stdout))
    assert first and "the funnel has no rule" not in told.stdout
    for mark in ("the funnel has no rule", "by construction", "the funnel says of no purchase"):
        assert (mark in told.stderr) == (mark in " ".join(text.split())), mark
    for remark in told.stderr.splitlines():
        assert remark.removeprefix("Note: ") in " ".join(text.split())


@pytest.mark.parametrize("name", ["holdout", "nps", "referrals", "loyalty", "recovery", "value"])
def test_a_bare_header_is_never_silent(run: Run, name: str) -> None:
    """Of these the little funnel has nothing, and the reader is told which rule to add."""
    little(run)
    told = run("report", name, *needed(REPORTS[name]), "--format", "csv")
    assert " = " in told.stderr


@each
def test_where_all_is_set_up_no_rule_is_asked_for(run: Run, name: str) -> None:
    """And the file is what would be printed."""
    little(
        run,
        'seen = "touch"\nbought = { purchase = "worth" }\nleft = { leave = "reason" }\n'
        'drawn = { outreach = true, arm = "arm", holdout = "none" }\nrated = { rating = "score" }\n'
        'invited = { refer = "friend" }\nopened = { complain = "case" }\nclosed = "resolve"',
    )
    asked = ("report", name, *needed(REPORTS[name]), "--format", "csv")
    told = run(*asked)
    assert "no rule" not in told.stderr and "by construction" not in told.stderr
    written = run(*asked, "--output", "answer.csv")
    assert written.stdout == "" and written.stderr == told.stderr


def test_a_mailing_of_nobody_says_so(filled: Run) -> None:
    """A header by itself is no answer; with a line there is nothing to say."""
    asked = ("report", "worklist", "--mailing")
    before = filled(*asked, "--as-of", "2024-01-02")
    assert len(before.stdout.splitlines()) == 1
    assert "nobody to write to: no contact is away" in before.stderr
    strict = filled(*asked, "--as-of", "2024-03-01", "--away-at-least", "99d")
    assert len(strict.stdout.splitlines()) == 1
    assert "nobody to write to: of 1 contact away" in strict.stderr
    some = filled(*asked, "--as-of", "2024-03-01")
    assert len(some.stdout.splitlines()) == 2 and "nobody to write to" not in some.stderr


def test_bare_minutes_are_said_beside_the_answer(filled: Run) -> None:
    """On the command line too, of a window and of an instant."""
    told = filled("report", "recidivism", "--within", "3m", "--format", "json")
    assert "3m are minutes; months have no fixed length: write 90d" in told.stderr
    told = filled("report", "recidivism", "--within", "9d", "--as-of", "-3m")
    assert "-3m are minutes" in told.stderr
    assert filled("report", "recidivism", "--within", "13w").stderr == ""


def test_an_instant_that_is_none_has_the_remedy(filled: Run) -> None:
    """How one says thirty days ago."""
    asked = ("report", "recidivism", "--within", "9d", "--as-of", "30 days ago")
    assert "-30d for 30 days ago" in " ".join(filled(*asked, code=2).stderr.split())


def test_a_funnel_file_that_says_minutes_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever a duration stands in it: a patience, a part of a rhythm, what loyalty takes."""
    file = tmp_path / "funnel.toml"
    file.write_text(
        'stages = ["visitor", "customer"]\nloyal_apart = "2m"\n[rules]\ncame = "touch"\n'
        '[patience]\nvisitor = "3m"\ndefault = "30d"\n'
        'customer = { rhythm = 2, usual = "4m", at_least = "5min", at_most = "90d" }\n'
    )
    read_funnel(str(file))
    said = [line.partition("Note: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert [line.split()[0] for line in said] == ["2m", "3m", "4m"]
