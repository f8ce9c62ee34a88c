"""What a person's approval lets a client have."""

from __future__ import annotations

from chalicelib.authorization import claims_request
from chalicelib.storage.permission import Grant


def userinfo_claims(grant: Grant) -> tuple[str, ...]:
    """Names of the claims that userinfo was asked for one by one, and that the person has (OpenID Connect Core 5.5)."""
    return tuple(claims_request.granted(claims_request.of(grant.request, "userinfo"), grant.person.claims))
