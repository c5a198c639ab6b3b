"""A middleware that lets requests speak for the surroundings of what is tracked in them.

Records nothing by itself, and asks nothing of a request in which nothing is tracked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import markcoroutinefunction

from motfunnel.integrations.django.request import surrounded_by


class RequestContext:
    """Adds path, device and campaign to the events that are tracked during a request."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Answer a request."""
        if self._is_async:
            return self._answer(request)
        with surrounded_by(request):
            return self._get_response(request)

    async def _answer(self, request: Any) -> Any:
        with surrounded_by(request):
            answer: Awaitable[Any] = self._get_response(request)
            return await answer
