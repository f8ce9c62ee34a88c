"""What need not be asked again (FAPI1-BASE-5.2.2-12): scopes and claims that this person let this client have before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from chalicelib import holder_of_key
from chalicelib.authorization import claims_request
from chalicelib.profiles import Profile
from chalicelib.storage.grant_records import RememberedConsent
from chalicelib.storage.records import AuthorizationRequest, Client

RequestedAccess = tuple[tuple[str, ...], tuple[str, ...]]
"""Scope tokens, and names of single claims."""


def may_be_remembered(request: AuthorizationRequest, client: Client, profile: Profile) -> bool:
    """Whether an answer to this request spares the person the same question later, or was spared by an earlier one.

    Never where something can be changed or exactly one thing is agreed to, since that is another one each time. Never a public
    client's: who else uses its name is not known, RFC8252-8.6.
    """
    exact = bool(request.authorization_details) or holder_of_key.may_write(request)
    return profile.consent_remembered and not client.public and not exact


def requested(request: AuthorizationRequest, *, known: Collection[str]) -> RequestedAccess:
    """All that the request asks a person to agree to. `known`: names of the claims that are ever told."""
    return request.scope, tuple(name for name in claims_request.names(request) if name in known)


def of_use(held: RememberedConsent, wanted: RequestedAccess) -> RememberedConsent | None:
    """What of it is wanted, if anything is."""
    scope, names = wanted
    useful = replace(
        held,
        scope=tuple(name for name in held.scope if name in scope),
        claims=tuple(name for name in held.claims if name in names),
    )
    return useful if useful.scope or useful.claims else None


def new(wanted: RequestedAccess, before: Iterable[RememberedConsent]) -> RequestedAccess:
    """What of it was not agreed to before."""
    held = tuple(before)
    scopes = {name for one in held for name in one.scope}
    claims = {name for one in held for name in one.claims}
    scope, names = wanted
    return tuple(name for name in scope if name not in scopes), tuple(name for name in names if name not in claims)
