"""Files as spreadsheets and shops write them: recognised and said, or refused with a remedy."""

from __future__ import annotations

import json

import pytest

from motfunnel import Tracker
from motfunnel.intake.files.decimals import plain_number
from tests.intake.conftest import Write, rejects, stored, take

PLAIN = 'who,what,when,x\nzo\xeb,seen,2025-01-01,"1,5"\n'


@pytest.mark.parametrize(
    ("content", "name", "options", "remarks"),
    [
        (PLAIN.encode(), "a.csv", {}, ()),
        (PLAIN.encode("utf-8-sig"), "a.csv", {}, ()),
        (PLAIN.encode("utf-16"), "a.csv", {}, ("read as UTF-16",)),
        (PLAIN.encode("cp1252"), "a.csv", {"encoding": "cp1252"}, ()),
        (
            PLAIN.replace(",", ";").replace('"1;5"', "1,5").encode("utf-16"),
            "a.csv",
            {},
            ("read with semicolons between cells, as UTF-16",),
        ),
        (
            ("sep=;\r\n" + PLAIN.replace(",", ";").replace('"1;5"', "1,5")).encode(),
            "a.csv",
            {},
            ("read with semicolons between cells",),
        ),
        (PLAIN.replace(",", "\t").replace('"1\t5"', "1,5").encode(), "a.tsv", {}, ()),
        (
            PLAIN.replace(",", "\t").replace('"1\t5"', "1,5").encode(),
            "a.csv",
            {},
            ("read with tabs between cells",),
        ),
        (
            PLAIN.replace(",", "|").replace('"1|5"', "1,5").encode(),
            "a.csv",
            {"delimiter": "|"},
            (),
        ),
    ],
)
def test_one_row_in_every_dialect(
    lite: Tracker,
    write: Write,
    content: bytes,
    name: str,
    options: dict[str, str],
    remarks: tuple[str, ...],
) -> None:
    """The row is the same, and what is not usual is said."""
    told = take(lite, write(content, name), **options)
    assert told.remarks == remarks
    ((contact, _, _, properties),) = stored(lite)
    assert (contact, properties) == ("zo\xeb", {"x": "1,5"})


def test_a_line_that_is_not_utf_8_names_the_option(lite: Tracker, write: Write) -> None:
    """Of a file whose header is plain, the rows that are not are rejects until it is named."""
    path = write(PLAIN.encode("latin-1"))
    assert take(lite, path).rejected == 1
    assert "--encoding cp1252" in rejects(lite)[0].reason
    assert take(lite, path, encoding="latin-1").added == 1


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [
        ("1,5", "1.5", "1,5"),
        ("1.234,50", "1234.50", "1.234,50"),
        ("-1 234,5", "-1234.5", "-1 234,5"),
        ("1,200.00", "1,200.00", "1200.00"),
        ("1,200", "1.200", "1200"),
        ("1.200", "1200", "1.200"),
        ("1,2,3", "1,2,3", "1,2,3"),
        ("12", "12", "12"),
        ("free", "free", "free"),
        ("2025-01-01", "2025-01-01", "2025-01-01"),
    ],
)
def test_a_number_by_its_decimal_sign(text: str, comma: str, point: str) -> None:
    """What is not a number under that sign stays as it is."""
    assert (plain_number(text, ","), plain_number(text, ".")) == (comma, point)


def test_decimal_commas_are_read_where_that_is_said(lite: Tracker, write: Write) -> None:
    """Properties alone: a contact or an id is not a number."""
    path = write('who,what,when,score,n\n"1,5",rated,2025-01-01,"9,5","1.000"\n')
    assert take(lite, path).rejected == 1
    assert take(lite, path, decimal=",").added == 1
    assert stored(lite)[0][3] == {"score": "9.5", "n": "1000"}
    assert stored(lite)[0][0] == "1,5"


NOBODY = ["nan", "NULL", r"\N", "undefined", "<NA>", "None", " null "]


@pytest.mark.parametrize("text", NOBODY)
def test_a_text_for_nobody_is_no_contact(lite: Tracker, write: Write, text: str) -> None:
    """Unless it is said that it is one."""
    for name, content in {
        "a.csv": f"who,what,when\n{text},seen,2025-01-01\n",
        "a.jsonl": json.dumps({"who": text, "what": "seen", "when": "2025-01-01"}),
    }.items():
        path = write(content, name)
        assert take(lite, path).rejected == 1
        assert "stands for nobody" in rejects(lite)[0].reason
        assert take(lite, path, any_contact=True).rejected == 0


def test_keys_that_look_alike_are_counted(lite: Tracker, write: Write) -> None:
    """Case, blanks, forms of accents, and whole numbers written as floats; no key is shown."""
    keys = ["Ada@x.org", "ada@x.org", "ada@x.org ", "bob", "zo\xeb", "zoe\u0308", "17", "17.0"]
    rows = "".join(f"{key},seen,2025-01-01\n" for key in keys)
    path = write(f"who,what,when\n{rows}")
    assert take(lite, path).remarks == (
        "3 contacts differ from another only in case, blanks or accents' form; --contact-key email "
        "reads them as one",
        "1 contact written like 17.0, and like 17 too, which is another; write them alike",
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["email"], {"ada", "zo\xeb"}),
        (["lower"], {"ada", " ada", "zo\xeb", "zoe\u0308"}),
        (["strip", "nfc"], {"Ada", "ada", "zo\xeb"}),
    ],
)
def test_keys_are_made_alike(
    lite: Tracker, write: Write, names: list[str], expected: set[str]
) -> None:
    """By the functions that are named, in their order; a retry of rejects keeps to them."""
    rows = "".join(f"{key},seen,2025-01-01\n" for key in ["Ada", " ada", "zo\xeb", "zoe\u0308"])
    take(lite, write(f"who,what,when\n{rows}"), contact_key=names)
    assert {contact for contact, *_ in stored(lite)} == expected
