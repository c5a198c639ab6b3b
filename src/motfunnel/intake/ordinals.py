"""Ids for rows that bring none: a digest of the content, and a count of the rows alike before it.

So the same file gives the same ids, and identical rows of one file differ. Keeps a few bytes of
each digest (some 150 bytes of memory a row), the one thing of an import that grows with the file.
"""

from __future__ import annotations

from hashlib import blake2b


class Ordinals:
    """Makes the ids of one file's rows, in their order."""

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def make_id(self, content: bytes) -> str:
        """Give the id of the next row with this content."""
        digest = blake2b(content, digest_size=16).digest()
        # Half a digest is enough to count by: should two rows share it, their ids still differ.
        short = digest[:8]
        ordinal = self._seen.get(short, 0)
        self._seen[short] = ordinal + 1
        return f"{digest.hex()}-{ordinal}"
