"""A permission's beginning: the item of a checked authorization request, whichever way the request came."""

from __future__ import annotations

from chalicelib.authorization_details import details
from chalicelib.clients import lifetimes
from chalicelib.profiles import Profile
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.records import AuthorizationRequest, Client
from chalicelib.storage.token_values import digest


def new_grant(
    secret: str, request: AuthorizationRequest, client: Client, profile: Profile, *, journey: str | None, now: int
) -> Grant:
    """The grant of a request. `secret`: a new handle, of which the grant's key is the digest; nobody has it yet.
    `journey`: the name of the call that it came by, which the log calls the whole login by.

    What comes of it ends when it says so from here on, whenever the person decides and the code is redeemed.
    """
    until = now + profile.request_uri_lifetime
    return Grant(
        key=digest(secret),
        journey=journey or "",
        request=request,
        request_expires_at=until,
        expires_at=until,
        consent_expires_at=details.consent_ends(
            request.authorization_details, now=now, otherwise=now + lifetimes.of_consent(client, profile)
        ),
    )
