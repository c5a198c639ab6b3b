"""What users type beside names: durations, zones, instants, funnels; refused with a remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from motfunnel.domain.calendar import OR_WRITE, RELATIVE, say_when
from motfunnel.domain.funnel.file import PRESETS
from motfunnel.domain.funnel.funnel import Funnel, preset
from motfunnel.domain.instant import When, minutes_meant, parse_duration
from motfunnel.intake.files.instants import instant_reader, read_zone


def duration(text: str) -> timedelta:
    """Read a duration such as ``90d``.

    Raises:
        click.BadParameter: it is none.
    """
    _say_minutes(text)
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _say_minutes(text: object) -> None:
    """Say aloud that ``3m`` are no months."""
    said = minutes_meant(text)
    if said is not None:
        click.echo(f"Note: {said}", err=True)


def zone(text: str) -> str:
    """Make sure that there is a time zone of this name.

    Raises:
        click.BadParameter: there is none.
    """
    try:
        read_zone(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return text


def read_funnel(text: str | None) -> Funnel | None:
    """Read a funnel file, or a preset; None where none is named.

    Raises:
        FunnelError: the file cannot be used: a fault of the file, not of the usage.
    """
    if text is None:
        return None
    if text in PRESETS and not Path(text).exists():
        return preset(text)
    funnel = Funnel.from_toml(text)
    for one in _durations(tomllib.loads(Path(text).read_text("utf-8"))):
        _say_minutes(one)
    return funnel


def _durations(written: Mapping[str, Any]) -> Iterator[object]:
    """The durations of a funnel file, as they are written."""
    yield written.get("loyal_apart")
    for one in written.get("patience", {}).values():
        yield from one.values() if isinstance(one, dict) else (one,)


def read_bound(text: str | None, timezone: str, option: str) -> When | None:
    """Read an instant; one that is named by another, as ``-30d``, is read by whoever knows that.

    Of a store that is the instant of the question or, where this is that, the one that stands where
    none is named; of a dump when it was made, and of classified files the last that they know.

    Raises:
        click.BadParameter: it is none.
    """
    read = read_instant(text, timezone, option)
    return text if text is not None and text.strip().startswith(RELATIVE) else read


def read_instant(text: str | None, timezone: str, option: str) -> datetime | None:
    """Read an instant in the zone; it can only be read when both options are known.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    _say_minutes(text)
    try:
        said = say_when(text, read_zone(timezone), datetime.now(UTC))
        return instant_reader(timezone)(text) if said is None else said
    except ValueError as error:
        raise click.BadParameter(f"{error}; {OR_WRITE}", param_hint=f"'--{option}'") from None
