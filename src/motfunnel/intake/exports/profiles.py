"""Profiles: the exports of other programs, by the names that ``import --like`` takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motfunnel.domain.experience import EXPECTED, EXPERIENCED, TOUCHPOINT
from motfunnel.errors import SourceError
from motfunnel.intake.exports import analytics, shops, tables
from motfunnel.intake.exports.shape import (
    EVENT_NAME,
    INSTANT,
    Profile,
    Shape,
    ShapedSource,
    each,
    lift,
)
from motfunnel.intake.files.source import Source


def _profile(shape: Shape, mark: str, **columns: Any) -> Profile:
    return Profile(columns=columns, shape=shape, mark=frozenset(mark.split(", ")))


PROFILES: Final[dict[str, Profile]] = {
    "mixpanel": _profile(
        each(analytics.mixpanel), "event, properties",
        contact="distinct_id", event="event", at="time", id="$insert_id", at_format="unix"),
    "amplitude": _profile(
        each(analytics.amplitude), "event_type, event_time, uuid",
        contact="user_id", event="event_type", at="event_time", id="uuid"),
    "segment": _profile(
        each(analytics.segment), "type, messageId, timestamp",
        contact="userId", event="event", at="timestamp", id="messageId"),
    "rudderstack": _profile(
        each(analytics.segment), "type, messageId, originalTimestamp, channel",
        contact="userId", event="event", at="timestamp", id="messageId"),
    "posthog": _profile(
        each(analytics.posthog), "event, distinct_id, uuid, timestamp",
        contact="distinct_id", event="event", at="timestamp", id="uuid"),
    "ga4": _profile(
        each(analytics.ga4), "event_name, event_timestamp, user_pseudo_id",
        contact="user_pseudo_id", event="event_name", at="event_timestamp", at_format="unix_us"),
    "stripe": _profile(
        each(shops.stripe), "type, created, data, id",
        contact="customer", event="type", at="created", id="id", at_format="unix"),
    "shopify": _profile(
        tables.shopify, "Name, Financial Status, Lineitem name",
        contact="Email", event=EVENT_NAME, at=INSTANT, id="Id", is_state=True),
    "hubspot": _profile(
        tables.hubspot, "Create Date, Email",
        contact="Email", event=EVENT_NAME, at=INSTANT, is_state=True),
    "matomo": _profile(
        each(analytics.matomo), "idVisit, visitorId, actionDetails",
        contact="visitorId", event="type", at="timestamp", id="id", at_format="unix"),
}  # fmt: skip


_EXPERIENCE: Final = (TOUCHPOINT, EXPECTED, EXPERIENCED)


def shaped(
    source: Source, given: Mapping[str, Any], like: str | None
) -> tuple[Source, dict[str, Any]]:
    """Bring a source into a profile's shape, and what else is named into columns.

    Args:
        source: the rows as they are.
        given: what is said of the columns; it goes before what the profile says.
        like: the profile's name, if there is one.

    Raises:
        SourceError: there is no such profile.
    """
    said = {option: value for option, value in given.items() if value is not None}
    if like is not None:
        if like not in PROFILES:
            raise SourceError(f"there is no profile {like!r}; there are {', '.join(PROFILES)}")
        said = {**PROFILES[like].columns} | said
        source = ShapedSource(source, PROFILES[like].shape)
    source, said = _of_states(source, said)
    paths = tuple(
        path for option in ("contact", "event", "at", "id") if "." in (path := said.get(option, ""))
    )
    fixed = {path: path for path in paths if path not in source.names}
    fixed |= {name: said.pop(name) for name in _EXPERIENCE if name in said}
    name = said.get("event_name")
    if name is not None:
        said["event"] = EVENT_NAME
    if name is None and not fixed:
        return source, said
    return ShapedSource(source, lift(fixed, name)), said


def _of_states(source: Source, said: dict[str, Any]) -> tuple[Source, dict[str, Any]]:
    """Make events of a table that says how things stand: of each date, or of each order once."""
    dates, once = tuple(said.pop("wide", ())), said.pop("once_per", None)
    if dates:
        if clash := said.keys() & {"event", "event_name", "at", "id"}:
            raise SourceError(
                f"the columns of --wide are event and instant; leave out {min(clash)}"
            )
        if lacking := [name for name in dates if name not in source.names]:
            raise SourceError(
                f"there is no column {lacking[0]!r} for --wide; there are "
                + ", ".join(map(repr, source.names))
            )
        said |= {"event": EVENT_NAME, "at": INSTANT, "is_state": True}
        source = ShapedSource(source, tables.spread(dates))
    if once is not None:
        said |= {"id": once, "is_state": True}
    return source, said
