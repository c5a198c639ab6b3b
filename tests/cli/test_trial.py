"""The command that assigns: it prints the arm, and nothing else."""

from pathlib import Path

import pytest

from motfunnel.domain.trial import draw
from tests.cli.conftest import COLUMNS, FUNNEL, Run

RULE = 'drawn = { outreach = true, arm = "arm", holdout = "control" }\n'


def test_assign(run: Run) -> None:
    """The arm that was drawn the first time; who is no contact is refused, with the reason."""
    Path("funnel.toml").write_text(FUNNEL + RULE)
    run("import", "events.csv", "--funnel", "funnel.toml", *COLUMNS)
    arm = draw("winback", "ada", 0.3)
    for share in ("0.3", "1", "0"):
        assert run("assign", "ada", "--trial", "winback", "--holdout", share).stdout == f"{arm}\n"
    told = run("report", "holdout", "--within", "0d", "--trial", "winback", "--format", "csv")
    assert f"\n{arm}," in told.stdout
    refused = run("assign", "eve", "--trial", "winback", "--holdout", "0.3", code=3).stderr
    assert "'eve' in trial 'winback': has not departed" in refused
    run("assign", "ada", "--trial", "winback", "--holdout", "2", code=2)
    run("assign", "ada", "--holdout", "0.5", code=2)


def test_a_funnel_without_a_hold_out(filled: Run) -> None:
    """It says which rule to write."""
    refused = filled("assign", "ada", "--trial", "winback", "--holdout", "0.3", code=3).stderr
    assert 'holdout = "control"' in refused


def test_a_mailing_is_as_long_as_its_limit(run: Run) -> None:
    """Whom a trial holds out is left out before so many are counted."""
    Path("funnel.toml").write_text(FUNNEL + RULE)
    rows = [f"c{n},seen,2024-01-0{n},,\nc{n},left,2024-02-0{n},price," for n in range(1, 7)]
    rows += [f"c{n},drawn,2024-02-10,,control" for n in (4, 5, 6)]
    Path("many.csv").write_text("who,what,when,reason,arm\n" + "\n".join(rows) + "\n")
    run("import", "many.csv", "--funnel", "funnel.toml", *COLUMNS)
    for limit in ("1", "2", "3"):
        told = run("report", "worklist", "--mailing", "--limit", limit).stdout.splitlines()
        assert len(told) == 1 + int(limit)
        assert not [line for line in told if line.startswith(("c4", "c5", "c6"))]


@pytest.mark.parametrize(
    "more",
    [
        ("--mailing", "--format", "json"),
        ("--mailing", "--format", "text"),
        ("--mailing", "--html"),
        ("--mailing", "--members", "contact"),
    ],
)
def test_a_mailing_is_csv_or_is_refused(filled: Run, more: tuple[str, ...]) -> None:
    """What it cannot be is a wrong usage, and never silently CSV."""
    assert "a mailing is CSV" in filled("report", "worklist", *more, code=2).stderr


def test_a_mailing_may_be_asked_for_as_csv(filled: Run) -> None:
    """With the columns that are always the same."""
    plain = filled("report", "worklist", "--mailing", "--as-of", "2024-03-01").stdout
    csv = ("--format", "csv", "--as-of", "2024-03-01")
    assert filled("report", "worklist", "--mailing", *csv).stdout == plain
    assert plain.splitlines()[0].endswith(",written_on,arm,chance_value")


def test_pages_are_html_or_are_refused(filled: Run) -> None:
    """A file of pages is not CSV, whatever was asked for."""
    told = filled("report", "--pages", "overview", "--format", "json", code=2).stderr
    assert "pages are one file of HTML" in told


def test_names_behind_a_count_by_its_word(filled: Run) -> None:
    """As it stands above the column; of a name that is none, all are listed with their words."""
    asked = ("report", "growth", "--period", "year", "--members")
    assert filled(*asked, "left").stdout == filled(*asked, "departures").stdout
    rate = ("report", "recidivism", "--within", "9d", "--members")
    numerator = filled(*rate, "numerator").stdout
    assert {filled(*rate, said).stdout for said in ("came back", "returned")} == {numerator}
    refused = filled(*asked, "gone", code=3).stderr
    assert "departures (left)" in refused and "returns (came back)" in refused
