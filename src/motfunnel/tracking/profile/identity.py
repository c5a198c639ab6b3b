"""Which keys are one contact."""

from __future__ import annotations

from attrs import frozen

from motfunnel.store.ledger.ledger import Ledger


@frozen(kw_only=True)
class Identity:
    """The keys that are one contact.

    Attributes:
        contact: the key that answers are given under.
        aliases: the other keys of it, in their order; each resolves to the contact for ever.
        changed: whether the call that gave this changed anything.
    """

    contact: str
    aliases: tuple[str, ...] = ()
    changed: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, the contact's own first."""
        return (self.contact, *self.aliases)


def find_identity(ledger: Ledger, key: str) -> Identity:
    """Find the contact that a key belongs to, and all keys of it, without locking anything."""
    if not ledger.has_characters_for(key):
        return Identity(contact=key)
    contact = ledger.find_aliases([key]).get(key, key)
    members = ledger.find_members([contact], to_write=False)
    return Identity(contact=contact, aliases=tuple(sorted(members)))
