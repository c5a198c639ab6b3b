"""Names of events that no rule of the funnel names: counted, and logged where they look like names.

Hosts may send any name, also by mistake a contact's. So a name is shown only where it consists of
what names consist of, and logged only once three contacts have sent it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.scrubber import ERASED
from motfunnel.text import counted

_NAME: Final = re.compile(r"[\w .:/-]{1,64}")
_CONTACTS: Final = 3
_MOST_KEPT: Final = 1000
_MOST_SHOWN: Final = 20


def looks_like_name(name: str) -> bool:
    """Whether a text could name an event: letters, digits, blanks and ``_ . : - /``, up to 64.

    No address of a mailbox does; nor a telephone number, as there must be a letter.
    """
    return _NAME.fullmatch(name) is not None and any(letter.isalpha() for letter in name)


@frozen(kw_only=True)
class Unmapped:
    """How many events there are of names that no rule names.

    Attributes:
        names: the names that look like names, the most frequent first, at most 20 of them; and
            how many events each has.
        others: how many events have other names.
    """

    names: Mapping[str, int]
    others: int

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {"names": dict(self.names), "others": self.others}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.names or self.others)

    def __str__(self) -> str:
        """One line."""
        parts = [f"{name} ({count:,})" for name, count in self.names.items()]
        if self.others:
            parts.append(f"{counted(self.others, 'event')} of other names")
        return f"no rule names: {', '.join(parts)}" if parts else "rules name all events"


class UnmappedCount:
    """Counts events by the names that no rule names; a thousand names are told apart.

    Args:
        funnel: whose rules.
    """

    def __init__(self, funnel: Funnel) -> None:
        self._funnel = funnel
        self._names: Counter[str] = Counter()
        self._others = 0

    def add(self, name: str, count: int = 1) -> None:
        """Count events of a name, unless a rule names it, or it is what an erasure left of one."""
        if self._funnel.knows(name) or name == ERASED:
            return
        is_told = name in self._names or len(self._names) < _MOST_KEPT
        if is_told and looks_like_name(name):
            self._names[name] += count
        else:
            self._others += count

    def result(self) -> Unmapped:
        """What was counted."""
        shown = dict(self._names.most_common(_MOST_SHOWN))
        return Unmapped(
            names=shown, others=self._others + self._names.total() - sum(shown.values())
        )


class Sightings:
    """The unmapped names that this process has seen, until each is worth a line in the log.

    Holds a thousand of them, and forgets the oldest first: a host that sends ever other names
    fills neither the memory nor the log. Of contacts it holds hashes. Threads may share it.
    """

    def __init__(self) -> None:
        self._contacts: dict[str, set[int]] = {}
        self._logged: set[str] = set()

    def is_due(self, name: str, contact: str) -> bool:
        """Note that a contact has sent a name; whether that is to be logged now, and only now."""
        if name in self._logged or len(self._logged) >= _MOST_KEPT or not looks_like_name(name):
            return False
        contacts = self._contacts.setdefault(name, set())
        contacts.add(hash(contact))
        if len(contacts) >= _CONTACTS:
            self._logged.add(name)
            return self._contacts.pop(name, None) is not None  # of two threads, one takes it out
        if len(self._contacts) > _MOST_KEPT:
            self._contacts.pop(next(iter(self._contacts)), None)
        return False
