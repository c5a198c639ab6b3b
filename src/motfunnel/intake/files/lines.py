"""Lines of a text, of which none takes more memory than a bound, and which can be given back.

Of a line that is longer its beginning is given, and the rest is skipped. Knows no form of a file.
"""

from __future__ import annotations

import csv
from collections import deque
from functools import partial
from typing import IO, Final

MOST: Final = 1 << 20
"""How many characters a line, or a record of several lines, may have."""

TOO_LONG: Final = f"it has more than {MOST:,} characters"


class Lines:
    """The lines of a file, as a reader of records takes them.

    Args:
        file: a file of text.
        ends: what ends a line.
    """

    def __init__(self, file: IO[str], ends: tuple[str, ...] = ("\n", "\r")) -> None:
        self._ends = ends
        self._read = partial(file.readline, MOST + 1)
        self._taken: list[str] = []
        self._again: deque[str] = deque()
        self.size: int = 0

    def __iter__(self) -> Lines:
        """The lines from here on."""
        return self

    def __next__(self) -> str:
        """The next line, with its end.

        Raises:
            csv.Error: the record that it belongs to is too long already.
        """
        if self.size > MOST:
            raise csv.Error(TOO_LONG)
        line = self._again.popleft() if self._again else self._fresh()
        self._taken.append(line)
        self.size += len(line)
        return line

    def settle(self) -> int:
        """Be done with the lines that were taken, and say how many they were."""
        count = len(self._taken)
        self._taken.clear()
        self.size = 0
        return count

    def give_back(self) -> str:
        """Take all lines back but the first, which is given."""
        first = self._taken[0]
        self._again.extendleft(reversed(self._taken[1:]))
        self.settle()
        return first

    def again(self) -> None:
        """Take all lines back."""
        self._again.extendleft(reversed(self._taken))
        self.settle()

    def give_all(self) -> tuple[str, int]:
        """Give all lines that were taken as one text, and how many they were."""
        text = "".join(self._taken)
        return text, self.settle()

    def _fresh(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        if len(line) > MOST:
            rest = line
            while rest and not rest.endswith(self._ends):
                rest = self._read()
        return line
