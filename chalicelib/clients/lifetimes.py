"""How long what a client gets may last; of a public client, whose word is all there is, shorter. Seconds."""

from __future__ import annotations

from chalicelib.profiles import Profile
from chalicelib.storage.records import Client


def of_access_token(client: Client, profile: Profile) -> int:
    """The longest life of an access token."""
    return profile.public_access_token_lifetime if client.public else profile.access_token_lifetime


def of_consent(client: Client, profile: Profile) -> int:
    """The longest life of a consent, and of the refresh tokens under it."""
    return profile.public_consent_lifetime if client.public else profile.consent_lifetime
