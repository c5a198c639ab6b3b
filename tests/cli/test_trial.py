"""The command that assigns: it prints the arm, and nothing else."""

from pathlib import Path

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
