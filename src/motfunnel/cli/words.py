"""What users type beside names: durations, instants, funnels; each read once, with a kind refusal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from motfunnel.domain.definition import PRESETS
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import parse_duration
from motfunnel.intake.instants import instant_reader, read_zone


class DurationType(click.ParamType):
    """A duration such as ``90d``."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        """Read it."""
        try:
            return value if isinstance(value, timedelta) else parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ZoneType(click.ParamType):
    """The name of a time zone."""

    name = "zone"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Make sure that there is such a zone."""
        try:
            read_zone(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class FunnelType(click.ParamType):
    """A funnel file, or the name of a preset."""

    name = "funnel"

    def convert(self, value: Any, param: Any, ctx: Any) -> Funnel:
        """Read it; what is wrong with the file is a fault of the file, not of the usage."""
        if isinstance(value, Funnel):
            return value
        if value in PRESETS and not Path(value).exists():
            preset: Funnel = getattr(Funnel, value)()
            return preset
        return Funnel.from_toml(value)


DURATION: Final = DurationType()
ZONE: Final = ZoneType()
FUNNEL: Final = FunnelType()


def read_instant(text: str | None, timezone: str, option: str) -> datetime | None:
    """Read an instant in the zone; it can only be read when both options are known.

    Raises:
        click.BadParameter: it is none.
    """
    if text is None:
        return None
    try:
        return instant_reader(timezone)(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=f"'--{option}'") from None
