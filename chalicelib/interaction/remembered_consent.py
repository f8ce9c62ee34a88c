"""Remembered consent (FAPI1-BASE-5.2.2-12): scope values and claims that the user granted to the client before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from chalicelib import holder_of_key
from chalicelib.authorization import claims_request
from chalicelib.profiles import Profile
from chalicelib.storage.grant_records import RememberedConsent
from chalicelib.storage.records import AuthorizationRequest, Client

RequestedAccess = tuple[tuple[str, ...], tuple[str, ...]]
"""Scope values, and names of single claims."""


def may_be_remembered(request: AuthorizationRequest, client: Client, profile: Profile) -> bool:
    """Whether the consent to this request may be remembered, or may come from memory.

    Consent to write access or to authorization details is never remembered, because it differs each time. Consent to a public
    client is never remembered, because others can use its client_id: RFC8252-8.6.
    """
    exact = bool(request.authorization_details) or holder_of_key.may_write(request)
    return profile.consent_remembered and not client.public and not exact


def requested(request: AuthorizationRequest, *, known: Collection[str]) -> RequestedAccess:
    """The requested access. `known`: names of the claims that may be disclosed."""
    return request.scope, tuple(name for name in claims_request.names(request) if name in known)


def of_use(held: RememberedConsent, wanted: RequestedAccess) -> RememberedConsent | None:
    """The part of a remembered consent that the request needs, or None."""
    scope, names = wanted
    useful = replace(
        held,
        scope=tuple(name for name in held.scope if name in scope),
        claims=tuple(name for name in held.claims if name in names),
    )
    return useful if useful.scope or useful.claims else None


def new(wanted: RequestedAccess, before: Iterable[RememberedConsent]) -> RequestedAccess:
    """The part of the requested access that no remembered consent covers."""
    held = tuple(before)
    scopes = {name for one in held for name in one.scope}
    claims = {name for one in held for name in one.claims}
    scope, names = wanted
    return tuple(name for name in scope if name not in scopes), tuple(name for name in names if name not in claims)
