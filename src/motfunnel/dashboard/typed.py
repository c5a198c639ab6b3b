"""Typed: the line of the command line that gives the same answer as a question on a page.

It names no file and no host of a machine, since pages are sent around: the store is the one that
``MOTFUNNEL_DB`` names.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from motfunnel.answers.answer import Answer
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import format_duration, iso
from motfunnel.reports.catalogue import CATALOGUE
from motfunnel.reports.report import Report

_CALLED: Final = {"name": "lens", "since": "from", "until": "to"}
_WRITTEN: Final = {"in or after": "in-or-after"}
"""What is written otherwise where a blank would part it."""


def line(name: str, options: Mapping[str, Any], report: Report, answer: Answer[Any] | None) -> str:
    """What to type for an answer; empty where it cannot be typed.

    Args:
        name: of the question, in the catalogue.
        options: what it was told.
        report: what it was asked of.
        answer: what came of it: by what it could not be grouped is not typed, nor the periods
            before anybody was there; None: there is none yet.
    """
    if any(isinstance(value, Funnel) for value in options.values()):
        return ""
    told = {one: value for one, value in options.items() if value not in (None, False)}
    if answer is not None and getattr(answer, "by", None) is None:
        told.pop("by", None)
    if answer is not None and "since" in told and answer.rows:
        told["since"] = min(row.starts_on for row in answer.rows)
    parts = [f"motfunnel report {name.replace('_', '-')}"]
    for one, value in told.items():
        parts += _option(one, value, is_cohort=CATALOGUE[name].cohort == (one,))
    parts += ["--as-of", iso(report.as_of)]
    if report.known_by is not None:
        parts += ["--known-by", iso(report.known_by)]
    if report.timezone.key != "UTC":
        parts += ["--timezone", shlex.quote(report.timezone.key)]
    return " ".join([*parts, *report.store_options])


def _option(name: str, value: Any, *, is_cohort: bool) -> Iterator[str]:
    """An option as it is typed."""
    if is_cohort:
        bounds = zip(("--from", "--to"), value, strict=True)
        yield from (f"{option} {iso(one)}" for option, one in bounds if one is not None)
        return
    option = f"--{_CALLED.get(name, name.replace('_', '-'))}"
    for one in value if isinstance(value, list | tuple) else (value,):
        yield option if one is True else f"{option} {shlex.quote(_text(one))}"


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        return format_duration(value)
    return value.isoformat() if hasattr(value, "isoformat") else _WRITTEN.get(value, str(value))
