"""Webhooks by the Standard Webhooks specification (https://www.standardwebhooks.com).

A message is sent to an address that was looked up and looked at: none of a private network, unless
that is allowed, and no redirect is followed. So nobody who may name a URL can have this machine ask
its neighbours.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from time import monotonic, time
from typing import Any, Final
from urllib.parse import quote

from motfunnel.domain.event import to_json
from motfunnel.errors import MissingExtraError, QuestionError, install
from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.relay import GoneError

try:
    import urllib3
    from urllib3.util import Url, parse_url
except ImportError as _missing:
    raise MissingExtraError(f"webhooks need more: {install('webhooks')}") from _missing

_NOT_CONNECTED: Final = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)
_SECRET: Final = "whsec_"
_GONE: Final = 410
_LONGEST: Final = timedelta(days=1)
_SHORTEST: Final = 24
_MOST_READ: Final = 64 * 1024
_MOST_TRIED: Final = 3
_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_RESERVED: Final = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
"""For protocols, for relays of 6to4, and for the host beneath a machine of Azure's."""


class DeliveryError(Exception):
    """A receiver did not take a message.

    Attributes:
        retry_after: for how long the receiver asked not to be told again, if it did.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after: timedelta | None = retry_after


class Webhook:
    """Sends messages to a URL; what is not answered by 2xx in time is not delivered.

    Args:
        url: where; https, unless ``allow_private``.
        secret: one or several, each ``whsec_`` and base64, with which messages are signed.
        timeout: how long to wait, in seconds, for a connection, and again for each part of the
            answer.
        allow_private: whether it may be an address of a private network, and plain http.
        link: where people find a contact; ``{contact}`` in it is its key.

    Raises:
        QuestionError: the URL or a secret is none.
    """

    def __init__(
        self,
        url: str,
        secret: str | Sequence[str],
        *,
        timeout: float = 10.0,
        allow_private: bool = False,
        link: str | None = None,
    ) -> None:
        self._url = _read_url(url, allow_private=allow_private)
        self._secrets = [
            _read_secret(one) for one in ([secret] if isinstance(secret, str) else secret)
        ]
        self._host = (self._url.host or "").strip("[]")
        self._port = self._url.port or (443 if self._url.scheme == "https" else 80)
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._seconds = timeout
        self._timeout = urllib3.Timeout(connect=timeout, read=timeout)
        self._allow_private = allow_private
        self._link = link

    def __call__(self, message: Message) -> None:
        """Send a message.

        Raises:
            DeliveryError: it was not taken.
            GoneError: nobody is to be told there any more.
        """
        said = message.to_dict()
        if self._link is not None:
            said["data"]["link"] = self._link.replace("{contact}", quote(message.contact, safe=""))
        body = to_json(said).encode()
        status, headers = self._post(body, self._headers(message.id, int(time()), body))
        if status == _GONE:
            raise GoneError(f"{self._url.host} says that it is gone (410)")
        if not 200 <= status < 300:  # noqa: PLR2004  # what says that it was taken
            raise DeliveryError(f"answered {status}", _retry_after(headers.get("retry-after")))

    def _headers(self, id: str, at: int, body: bytes) -> dict[str, str]:
        return {
            "host": self._url.netloc or "",
            "content-type": "application/json",
            "user-agent": "motfunnel",
            "webhook-id": id,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(sign(one, id, at, body) for one in self._secrets),
        }

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        """Post to one of the addresses of the host; nobody can change them in between.

        Once more, where a connection that was kept had been closed from the other end.
        """
        is_kept = self._pool is not None
        try:
            return self._send(body, headers)
        except urllib3.exceptions.ProtocolError as error:
            self._pool = None
            if not is_kept:
                raise DeliveryError(f"{type(error).__name__}: {error}") from error
            return self._post(body, headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error

    def _send(self, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        """Post to the first address that can be connected to."""
        *others, last = self._look_up()
        for address in others:
            with suppress(*_NOT_CONNECTED):  # nothing was sent
                return self._send_to(address, body, headers)
        return self._send_to(last, body, headers)

    def _send_to(self, address: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        answer = self._connections(address).urlopen(
            "POST",
            self._url.request_uri,
            body=body,
            headers=headers,
            redirect=False,
            preload_content=False,
        )
        if self._is_heard_out(answer):
            answer.release_conn()
        else:
            answer.close()  # whatever else it says is of no interest
        return answer.status, answer.headers

    def _is_heard_out(self, answer: Any) -> bool:
        """Read an answer to its end; not one that is long, or takes its time over it."""
        until, heard = monotonic() + self._seconds, 0
        while heard < _MOST_READ and monotonic() < until:
            part = answer.read1(_MOST_READ)
            if not part:
                return True
            heard += len(part)
        return False

    def _connections(self, address: str) -> urllib3.HTTPConnectionPool:
        """Connections to an address, kept while it is that of the host."""
        if self._pool is None or self._pool.host != address.strip("[]"):
            shared: dict[str, Any] = {"timeout": self._timeout, "retries": False}
            if self._url.scheme == "https":
                name = self._host
                self._pool = urllib3.HTTPSConnectionPool(
                    address, self._port, server_hostname=name, assert_hostname=name, **shared
                )
            else:
                self._pool = urllib3.HTTPConnectionPool(address, self._port, **shared)
        return self._pool

    def _look_up(self) -> list[str]:
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        hidden = [one for one in addresses if not _is_public(one)]
        if hidden and not self._allow_private:
            raise DeliveryError(f"{self._host} is {hidden[0]}, an address of a private network")
        return addresses[:_MOST_TRIED]


def sign(secret: bytes, id: str, at: int, body: bytes) -> str:
    """Sign a message, as the specification has it: ``v1,`` and HMAC-SHA256 in base64."""
    signed = hmac.new(secret, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{b64encode(signed).decode()}"


def _is_public(address: str) -> bool:
    """Whether an address leads into the internet; by the registries, whatever Python's age."""
    one = ip_address(address.partition("%")[0])
    if isinstance(one, IPv6Address):
        within = one.sixtofour or one.ipv4_mapped or _translated(one)
        if within is None:
            return one in _UNICAST and one.is_global
        one = within  # what lies within it is where it leads
    return one.is_global and not one.is_multicast and not any(one in net for net in _RESERVED)


def _translated(address: IPv6Address) -> IPv4Address | None:
    """What NAT64 sends on, for hosts that have no IPv4 of their own."""
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


def _read_url(text: str, *, allow_private: bool) -> Url:
    url = parse_url(text)
    schemes = ("https", "http") if allow_private else ("https",)
    if url.scheme not in schemes or not url.host or url.auth is not None:
        raise QuestionError(f"{_shown(url)} is no URL to post to; write https://…, without a user")
    return url


def _shown(url: Url) -> str:
    return repr(str(url._replace(auth=None)))


def _read_secret(text: str) -> bytes:
    try:
        secret = b64decode(text.removeprefix(_SECRET), validate=True)
    except (BinasciiError, ValueError):
        secret = b""
    if not text.startswith(_SECRET) or len(secret) < _SHORTEST:
        raise QuestionError(
            f"a secret is {_SECRET} and, in base64, at least {_SHORTEST} bytes; one that was given "
            "is not"
        )
    return secret


def _retry_after(text: str | None) -> timedelta | None:
    """For how long not to ask again, as a number of seconds or an instant says."""
    if text is None:
        return None
    try:
        if text.strip().isdecimal():
            wait = timedelta(seconds=min(int(text), int(_LONGEST.total_seconds())))
        else:
            wait = parsedate_to_datetime(text).astimezone(UTC) - datetime.now(UTC)
    except (OverflowError, TypeError, ValueError):
        return None
    return min(max(wait, timedelta()), _LONGEST)
