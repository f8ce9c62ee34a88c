"""Lifetimes of tokens and consents by client, in seconds."""

from __future__ import annotations

from chalicelib.profiles import PROFILES, Profile
from chalicelib.storage.grant_records import HISTORY
from chalicelib.storage.records import Client


def of_access_token(client: Client, profile: Profile, *, bound: bool) -> int:
    """Maximum lifetime of an access token. `bound`: it is sender-constrained (FAPI1-BASE-5.2.2-21)."""
    return profile.access_token_lifetime if bound and not client.public else profile.public_access_token_lifetime


def of_consent(client: Client, profile: Profile) -> int:
    """Maximum lifetime of a consent and of its refresh tokens."""
    return profile.public_consent_lifetime if client.public else profile.consent_lifetime


MAX_CONSENT_LIFETIME = max(
    lifetime
    for profile in PROFILES.values()
    for lifetime in (profile.consent_lifetime, profile.public_consent_lifetime)
)
"""The maximum of all clients."""

KEPT_BOND = MAX_CONSENT_LIFETIME + HISTORY
"""Seconds that a bond is kept, longer than all grants of earlier epochs last, and as long as their history is shown."""

MAX_INTERACTION_LENGTH = max(profile.interaction_lifetime for profile in PROFILES.values())
"""Maximum seconds from the first page to the decision."""
