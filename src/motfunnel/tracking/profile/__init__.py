"""One contact's story: which keys it has, what happened, what that means, and why.

Writes nothing.
"""

from motfunnel.tracking.profile.profile import Before, Explained, Profile, Revoked

__all__ = ["Before", "Explained", "Profile", "Revoked"]
