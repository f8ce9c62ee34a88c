"""How long what a client gets may last; shorter where whoever has it may use it, or asked for it. Seconds."""

from __future__ import annotations

from chalicelib.profiles import PROFILES, Profile
from chalicelib.storage.records import Client


def of_access_token(client: Client, profile: Profile, *, bound: bool) -> int:
    """The longest life of an access token. `bound`: to what the client holds (FAPI1-BASE-5.2.2-21)."""
    return profile.access_token_lifetime if bound and not client.public else profile.public_access_token_lifetime


def of_consent(client: Client, profile: Profile) -> int:
    """The longest life of a consent, and of the refresh tokens under it."""
    return profile.public_consent_lifetime if client.public else profile.consent_lifetime


MAX_CONSENT_LIFETIME = max(
    lifetime
    for profile in PROFILES.values()
    for lifetime in (profile.consent_lifetime, profile.public_consent_lifetime)
)
"""Of any client."""

MAX_INTERACTION_LENGTH = max(profile.interaction_lifetime for profile in PROFILES.values())
"""From the first page to the decision."""
