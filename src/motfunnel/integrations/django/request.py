"""What the running request says of an event's surroundings: where, by what, from which campaign.

Never a query string, an address, a token that stands in a path, or whatever else a visitor did not
mean to leave behind. What the caller says goes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from motfunnel.domain.event import MOST_CHARACTERS, storable

CAMPAIGN: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
"""The parameters of a campaign's links that are kept."""

NAMES: Final = ("path", "device", "source", *CAMPAIGN)
"""The properties that a request may give."""

_DEVICES: Final = (
    (
        "bot",
        re.compile(r"bot|crawl|spider|slurp|preview|monitor|fetch|curl|wget|python|java/", re.I),
    ),
    ("mobile", re.compile(r"mobi|android|iphone|ipad|tablet", re.I)),
    ("browser", re.compile(r"mozilla|opera", re.I)),
)
_request: ContextVar[Any] = ContextVar("motfunnel_request", default=None)


@contextmanager
def surrounded_by(request: Any) -> Iterator[None]:
    """Let a request speak for the surroundings of what is tracked inside."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def running_request() -> Any:
    """The request that is running; None outside of one, or without the middleware."""
    return _request.get()


def with_surroundings(properties: object) -> tuple[object, frozenset[str]]:
    """Properties with what the request adds, and the names that a caller left to it.

    Those may differ when the same event is said again: from another page, or outside a request.
    """
    if properties is not None and not isinstance(properties, Mapping):
        return properties, frozenset()
    given: Mapping[Any, Any] = properties or {}
    ambient = frozenset(name for name in NAMES if name not in given)
    request = _request.get()
    if request is None:
        return properties, ambient
    return {**{n: v for n, v in _read(request).items() if n in ambient}, **given}, ambient


def device_of(user_agent: str) -> str:
    """The kind of program that a user agent says it is."""
    return next((kind for kind, words in _DEVICES if words.search(user_agent)), "other")


def path_of(request: Any) -> str:
    """The path, or its route where a part of it is a parameter, such as a token for a password."""
    match = request.resolver_match
    path: str = request.path
    return f"/{match.route}" if match is not None and (match.args or match.kwargs) else path


def _read(request: Any) -> dict[str, str]:
    said = {name: request.GET.get(name) for name in CAMPAIGN}
    said["source"] = said["utm_source"]
    said["path"] = path_of(request)
    said["device"] = device_of(request.META.get("HTTP_USER_AGENT", ""))
    kept = {name: storable(value or "").strip() for name, value in said.items()}
    return {name: value[:MOST_CHARACTERS] for name, value in kept.items() if value}
