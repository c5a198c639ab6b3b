"""Each command does what its help says, in the forms that other programs read."""

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from motfunnel.cli.report import REPORTS, Form
from tests.cli.conftest import COLUMNS, Run


def test_import_says_what_became_of_the_rows(run: Run) -> None:
    """Rejected rows make the exit code 1, and go to a file on request; mended, they are taken."""
    Path("more.csv").write_text("who,what,when\nada,seen,2024-01-01\nada,odd,1.2.2024\n")
    result = run(
        *("import", "more.csv", "--funnel", "funnel.toml", "--rejects", "bad.csv", *COLUMNS), code=1
    )
    assert "2 rows, 1 added, 0 there before, 1 rejected" in result.stdout
    assert "line 3: '1.2.2024' is no ISO 8601 instant" in result.stdout
    assert "line" in Path("bad.csv").read_text()
    mended = run("import", "--retry-rejects", "--at-format", "%d.%m.%Y")
    assert "1 added" in mended.stdout
    assert "no rule of the funnel names: 'odd'; taken as note" in mended.stderr


def test_moments_as_csv(filled: Run) -> None:
    """The columns, the canonical order, UTC with microseconds; a silence has no event."""
    rows = list(csv.DictReader(io.StringIO(filled("moments", "--format", "csv").stdout)))
    assert list(rows[0]) == [
        *("contact", "moment", "occurred_at", "event_id"),
        *("from_stage", "to_stage", "reason", "episode"),
    ]
    told = [(row["contact"], row["moment"], row["reason"], row["episode"]) for row in rows]
    assert told == [
        ("ada", "opening", "", ""),
        ("ada", "conversion", "", ""),
        ("ada", "depart", "price", "1"),
        ("ada", "recidivism", "", "1"),
        ("ada", "depart", "silence", "2"),
        ("bob", "opening", "", ""),
    ]
    assert rows[1]["occurred_at"] == "2024-01-02T10:00:00.000000Z"
    assert (rows[1]["from_stage"], rows[1]["to_stage"]) == ("visitor", "customer")
    assert rows[4]["event_id"] == ""
    assert rows[4]["occurred_at"] == "2024-02-09T00:00:00.000000Z"


def test_moments_as_json(filled: Run) -> None:
    """One array; what is absent is null; an empty one is an array too."""
    rows = json.loads(filled("moments", "--format", "json", "--kind", "depart").stdout)
    assert [(row["reason"], row["event_id"] is None) for row in rows] == [
        ("price", False),
        ("silence", True),
    ]
    nobody = filled("moments", "--format", "json", "--contact", "nobody").stdout
    assert json.loads(nobody) == []


def test_moments_of_a_time(filled: Run) -> None:
    """--since and --as-of read dates in the zone; one contact can be asked for."""
    of_ada = filled("moments", "--contact", "ada", "--as-of", "2024-01-02")
    assert len(of_ada.stdout.splitlines()) == 1
    later = filled("moments", "--since", "2024-01-10", "--timezone", "America/New_York")
    assert [line.split()[1:3] for line in later.stdout.splitlines()] == [
        ["depart", "ada"],
        ["opening", "bob"],
    ]


def test_contact_tells_its_story(filled: Run) -> None:
    """Why each moment holds; an unknown contact is said to be unknown."""
    told = filled("contact", "ada").stdout
    assert "ada is departed, at stage customer" in told
    assert "said left: price" in told
    assert 'by left = { leave = "reason" }' in told
    assert filled("contact", "eve", code=1).stdout == "eve is unknown\n"
    as_json = json.loads(
        filled("contact", "ada", "--format", "json", "--as-of", "2024-01-05").stdout
    )
    assert as_json["presence"] == "departed"
    assert [one["moment"] for one in as_json["moments"]] == ["opening", "conversion", "depart"]
    assert as_json["moments"][2]["why"] == "said left: price"
    assert as_json["moments"][2]["rule"] == 'left = { leave = "reason" }'
    assert as_json["moments"][2]["before"]["presence"] == "active"
    assert as_json["revoked"] == []


NEEDED = {
    **{"within": "7d", "after": "2d", "start": "visitor", "goal": "customer"},
    **{"lens": "ultimate", "other": "saas", "from": "2024-01-05", "to": "2024-01-20"},
    **{"baseline": "0.2", "effect": "0.1"},
}
APART = ("holdout", "retention")
"""What has a test of its own."""


def needed(form: Form) -> list[str]:
    """What a report cannot do without."""
    return [word for option in sorted(form.needs) for word in (f"--{option}", NEEDED[option])]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, needed(form)) for name, form in REPORTS.items() if name not in APART),
        ("recidivism", ["--within", "7d", "--unit", "episode"]),
        ("reengagement", ["--within", "7d", "--by", "stage"]),
        ("coverage", ["--within", "7d", "--by", "property:reason"]),
        ("reactivation", ["--from", "2024-01-05", "--to", "2024-01-20"]),
        ("relapse", ["--within", "7d", "--to", "2024-03-01"]),
        ("conversion", ["--start", "visitor", "--goal", "customer", "--within", "7d"]),
        ("recovery", ["--within", "7d", "--by", "source"]),
        ("referrals", ["--from", "2024-01-01"]),
        ("landmark", ["--after", "2d", "--within", "7d"]),
        ("mantel-byar", ["--confidence", "0.9"]),
        ("lens", ["--lens", "carlzon"]),
        ("lens", ["--lens", "lafley", "--from", "2024-01-02"]),
        ("lens", ["--lens", "eight", "--to", "2024-02-01"]),
        ("touchpoints", ["--by", "branch", "--worst", "3"]),
        ("nps", ["--from", "2024-01-01"]),
        ("funnel", ["--within", "7d", "--by", "reason", "--from", "2024-01-01"]),
        ("lifecycle", ["--period", "day", "--from", "2024-01-03", "--to", "2024-01-20"]),
        ("growth", ["--period", "week", "--week-start", "sunday", "--by", "source"]),
        ("flows", ["--steps", "2", "--together", "--from", "2024-01-01"]),
        ("worklist", ["--within", "14d", "--limit", "5"]),
        ("patience", ["--share", "0.2", "--horizon", "30d"]),
        ("simulate", ["--other", "saas", "--within", "30d"]),
    ],
)
def test_every_report_in_every_form(filled: Run, name: str, options: list[str]) -> None:
    """Each has its definition as text, the same in JSON, and a line for each row in CSV.

    Of what the funnel has no rule for, the text says what to add in its place.
    """
    told = json.loads(filled("report", name, *options, "--format", "json").stdout)
    text = filled("report", name, *options).stdout
    shown = " ".join(text.split())
    says = ("no rule for this", "says of no purchase what it was worth")
    is_lacking = any(one in shown for one in says)
    assert " ".join(told["definition"].split()) in shown or is_lacking
    lines = list(
        csv.DictReader(io.StringIO(filled("report", name, *options, "--format", "csv").stdout))
    )
    assert len(lines) == len(told["rows"]) if "rows" in told else len(lines) == 1
    assert all(line["as_of"] == told["as_of"] for line in lines)


def test_retention_has_a_line_for_each_cell(filled: Run) -> None:
    """In CSV each cell stands on a line of its own, with its cohort."""
    asked = ["--period", "week", "--how", "in-or-after", "--periods", "1", "--to", "2024-01-10"]
    told = json.loads(filled("report", "retention", *asked, "--format", "json").stdout)
    assert told["how"] == "in or after"
    assert [row["period"] for row in told["rows"]] == ["2024-W01", "2024-W02"]
    text = filled("report", "retention", *asked, "--format", "csv").stdout
    lines = list(csv.DictReader(io.StringIO(text)))
    cells = [(row["period"], one["number"]) for row in told["rows"] for one in row["cells"]]
    assert [(line["period"], int(line["number"])) for line in lines] == cells
    assert "2024-W02" in filled("report", "retention", *asked).stdout


def test_a_trial_needs_a_hold_out(filled: Run) -> None:
    """A funnel without one is told how to write it."""
    told = filled("report", "holdout", "--within", "7d").stdout
    assert 'holdout = "control"' in " ".join(told.split())


def test_report(filled: Run) -> None:
    """Text, JSON and CSV; the cohort and the window are passed on."""
    assert "Recidivism within 7d" in filled("report", "recidivism", "--within", "7d").stdout
    options = ["--within", "7d", "--from", "2024-01-01", "--to", "2024-01-04", "--by", "stage"]
    as_json = json.loads(filled("report", "recidivism", *options, "--format", "json").stdout)
    assert [row["group"] for row in as_json["rows"]] == ["customer"]
    assert "customer" in filled("report", "recidivism", *options, "--format", "csv").stdout
    assert "customer" in filled("report", "funnel").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["recidivism"], "needs --within"),
        (["growth", "--within", "7d"], "takes no --within"),
        (["growth", "--how", "in"], "takes no --how"),
        (["funnel", "--week-start", "monday"], "takes no --week-start"),
        (["recidivism", "--within", "7"], "'7' is not a duration"),
        (["recidivism", "--within", "7d", "--as-of", "soon"], "no ISO 8601 instant"),
        (["recidivism", "--within", "7d", "--timezone", "Mars"], "no time zone"),
        (["recidivsm", "--within", "7d"], "recidivism"),
        (["worklist", "--limit", "0"], "--limit"),
        (["patience", "--share", "0"], "--share"),
        (["simulate"], "needs --other"),
    ],
)
def test_a_report_that_is_asked_wrongly(filled: Run, arguments: list[str], words: str) -> None:
    """The usage error says what the report takes."""
    assert words in filled("report", *arguments, code=2).output


def test_a_report_that_is_taken_for_a_command(run: Run) -> None:
    """The usage error says where it belongs."""
    assert (
        "worklist is a report; write group report worklist"
        in run("worklist", "--limit", "3", code=2).output
    )


def test_sweep_and_rebuild(filled: Run) -> None:
    """Both say how many; a sweep counts each departure once."""
    assert filled("sweep", "--as-of", "2024-03-01").stdout == "1 contact departed by silence\n"
    assert filled("sweep", "--as-of", "2024-03-01").stdout == "0 contacts departed by silence\n"
    assert filled("rebuild").stdout == "2 contacts folded\n"
    assert filled("check").stdout == "2 contacts replayed: 0 differ\n"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE motfunnel_contacts SET purchases = 7 WHERE contact = 'ada'",
        "DELETE FROM motfunnel_moments WHERE contact = 'ada' AND ordinal = 1",
        "UPDATE motfunnel_episodes SET reason = 'other'",
        "UPDATE motfunnel_events SET signal = 'note' WHERE contact = 'bob'",
    ],
)
def test_check_finds_damage(filled: Run, damage: str) -> None:
    """What is stored is held against the events; a difference makes the exit code 1."""
    engine = create_engine("sqlite:///store.db")
    with engine.begin() as connection:
        connection.execute(text(damage))
    engine.dispose()
    result = filled("check", code=1)
    assert "2 contacts replayed: 1 differ" in result.stdout
    assert "replayed" in result.stdout.splitlines()[0]


def test_check_counts_the_outdated(filled: Run) -> None:
    """After a change of the funnel contacts await the rebuild; that is not damage."""
    Path("funnel.toml").write_text(Path("funnel.toml").read_text().replace("30d", "20d"))
    result = filled("check", "--funnel", "funnel.toml", code=1)
    assert result.stdout == "2 contacts replayed: 0 differ, 2 await rebuild()\n"
    filled("rebuild", "--funnel", "funnel.toml")
    filled("check", "--sample", "1")


def test_names_cannot_steer_the_terminal(run: Run) -> None:
    """Control characters of a contact are written out."""
    Path("evil.csv").write_text("who,what,when\n\x1b[2Jevil\u202e,seen,2024-01-01\n")
    run("import", "evil.csv", "--funnel", "funnel.toml", *COLUMNS)
    shown = run("moments").stdout
    assert "\\x1b[2Jevil\\u202e" in shown
    assert "\x1b" not in shown
    assert (
        "\x1b"
        in next(
            csv.reader(io.StringIO(run("moments", "--format", "csv").stdout.split("\n", 1)[1]))
        )[0]
    )


def test_an_engine_of_the_host_serves_too(filled: Run) -> None:
    """A host that mounts the group gives its own tracker; --db is then not needed."""
    import click
    from click.testing import CliRunner

    from motfunnel import Tracker
    from motfunnel.cli.group import group
    from motfunnel.cli.help import HOST

    @click.group()
    @click.pass_context
    def host(ctx: click.Context) -> None:
        ctx.meta[HOST] = lambda: Tracker("sqlite:///store.db")

    host.add_command(group, "motfunnel")
    result = CliRunner().invoke(host, ["motfunnel", "contact", "ada"], env={"MOTFUNNEL_DB": None})
    assert "ada is departed" in result.stdout


def test_moments_since_go_back_from_the_instant_of_the_question(filled: Run) -> None:
    """A store that was only imported into is asked as of its newest instant, and so is since."""
    for asked in ([], ["--as-of", "2024-03-01"]):
        told = filled("moments", "--since", "-30d", "--format", "csv", *asked).stdout
        assert [line.split(",")[0] for line in told.splitlines()[1:]] == ["ada", "bob"]
    assert filled("moments", "--since", "2024-02-20", "--format", "csv").stdout.count("\n") == 2
