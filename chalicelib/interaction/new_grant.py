"""The first state of a grant, for a checked authorization request of any origin."""

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
    """The grant of a request.

    `secret`: a new random value. The grant's key is its digest, and nobody else has it yet.
    `journey`: the interaction id of the first call. The log uses it for the whole login.

    The end of the consent is fixed here, whenever the user decides and the code is redeemed.
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
