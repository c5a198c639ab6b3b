"""No answer changes unseen: every report in every format, moments and contacts, as frozen.

`MOTFUNNEL_GOLDEN=write` writes what is answered now; read the difference before you commit it.
"""

from __future__ import annotations

import lzma
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from difflib import unified_diff
from functools import partial
from pathlib import Path

import pytest

from motfunnel import Tracker
from tests.golden.histories import NOW, demonstration, drawn, groceries
from tests.golden.questions import Section, answers

HERE = Path(__file__).parent
DAY = timedelta(days=1)
_SEPARATOR = "\n␞ "

Recorded = Callable[[str, Path], AbstractContextManager[Tracker]]


def _drawn(seed: int) -> Recorded:
    return lambda url, _: drawn(url, seed)


HISTORIES: dict[str, tuple[Recorded, list[datetime], list[datetime]]] = {
    "demonstration": (partial(demonstration, every=32), [NOW - 900 * DAY, NOW], []),
    "groceries": (groceries, [datetime.fromisoformat("2017-12-31T00:00Z")], []),
    **{f"drawn-{n}": (_drawn(n), [NOW - 60 * DAY, NOW], [NOW - 90 * DAY]) for n in (1, 2)},
}

LONG = {"demonstration", "drawn-1", "drawn-2"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in HISTORIES],
)
def test_every_answer_is_as_frozen(name: str, url: str, tmp_path: Path) -> None:
    """What is answered of a history is the same to the last digit, on every database."""
    record, instants, known_by = HISTORIES[name]
    file = HERE / f"{name}.txt.xz"
    with record(url, tmp_path) as tracker:
        answered = dict(answers(tracker, instants, known_by))
    if os.environ.get("MOTFUNNEL_GOLDEN") == "write":
        file.write_bytes(lzma.compress(_written(answered).encode()))
    frozen = dict(_read(lzma.decompress(file.read_bytes()).decode()))
    assert list(answered) == list(frozen)
    for question, text in answered.items():
        before, now = _portable(frozen[question]), _portable(text)
        if before != now:
            lines = unified_diff(before.splitlines(), now.splitlines(), lineterm="")
            pytest.fail(f"{question}:\n" + "\n".join(lines))


def _portable(text: str) -> str:
    """Without the last digits of long numbers: Python 3.12 adds floats up more exactly."""
    return re.sub(r"\d+\.\d{9,}(e-?\d+)?", lambda found: f"{float(found[0]):.11g}", text)


def _written(answered: dict[str, str]) -> str:
    return "".join(f"{_SEPARATOR}{question}\n{text}" for question, text in answered.items())


def _read(text: str) -> Iterator[Section]:
    for section in text.split(_SEPARATOR)[1:]:
        question, _, answered = section.partition("\n")
        yield question, answered
