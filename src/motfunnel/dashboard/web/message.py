"""A request and its response, as the dashboard knows them; each framework's own are turned here.

Every response says for itself what a browser may do with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve, field, frozen

HTML: Final = "text/html; charset=utf-8"
CSV: Final = "text/csv; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"

PRIVATE: Final = "private, no-cache"
FOR_EVER: Final = "private, max-age=31536000, immutable"

REASONS: Final = {
    200: "OK",
    202: "Accepted",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}

_MOST_FIELDS: Final = 50
_LONGEST: Final = 8_000
_DIGITS: Final = 32


class Unreadable(ValueError):
    """A request that no browser of ours would send."""


@frozen(kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        method: such as ``GET``.
        path: what follows the prefix, decoded; begins with a slash.
        prefix: the path under which the dashboard lies, decoded.
        query: the query of the address, as it was sent.
        accepted: what the browser says of itself: ``If-None-Match`` and ``Accept-Encoding``.
        native: the request as the framework knows it; ``authorize`` is given it.
    """

    method: str
    path: str
    prefix: str = ""
    query: str = ""
    accepted: Mapping[str, str] = field(factory=dict)
    native: Any = None

    def parameters(self) -> dict[str, str]:
        """The query's parameters; of one that is there twice, the last.

        Raises:
            Unreadable: they are too many, too long, or no text.
        """
        if len(self.query) > _LONGEST:
            raise Unreadable(f"the query has more than {_LONGEST:,} characters")
        try:
            pairs = parse_qsl(
                self.query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
            )
        except ValueError as error:
            raise Unreadable(f"the query cannot be read: {error}") from None
        return dict(pairs)


@frozen(kw_only=True)
class Response:
    """What is answered.

    Attributes:
        status: the number, such as 200.
        body: its bytes.
        media_type: what they are.
        kept: what a browser may keep, as ``Cache-Control`` says it.
        headers: further ones.
    """

    status: int = 200
    body: bytes = b""
    media_type: str = HTML
    kept: str = PRIVATE
    headers: Mapping[str, str] = field(factory=dict)

    @property
    def line(self) -> str:
        """The status as WSGI writes it."""
        return f"{self.status} {REASONS[self.status]}"


def policy(static_url: str | None = None) -> str:
    """What a page may load: its own files, and those that a host serves for it."""
    parts = urlsplit(static_url or "")
    elsewhere = f" {parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
    return (
        f"default-src 'none'; script-src 'self'{elsewhere}; style-src 'self'{elsewhere}; "
        "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    )


def finished(response: Response, request: Request, content_policy: str) -> Response:
    """The response with all that it says of itself; without a body where none is wanted."""
    headers = {
        "Content-Type": response.media_type,
        "Cache-Control": response.kept,
        "Content-Security-Policy": content_policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Vary": "Accept-Encoding, Cookie",
        **response.headers,
    }
    if response.status == 200:  # noqa: PLR2004 - HTTP's own number
        tag = headers["ETag"] = f'"{sha256(response.body).hexdigest()[:_DIGITS]}"'
        if tag in _tags(request.accepted.get("if-none-match", "")):
            del headers["Content-Type"]
            return evolve(response, status=304, body=b"", headers=headers)
    headers["Content-Length"] = str(len(response.body))
    body = b"" if request.method == "HEAD" else response.body
    return evolve(response, body=body, headers=headers)


def _tags(told: str) -> set[str]:
    return {one.strip().removeprefix("W/") for one in told.split(",")}
