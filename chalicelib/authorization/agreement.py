"""What need not be asked again (FAPI1-BASE-5.2.2-12): scopes and claims that this person let this client have before."""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.authorization import claims_request, writing
from chalicelib.profiles import Profile
from chalicelib.storage.records import Agreement, AuthorizationRequest, Client


def rememberable(request: AuthorizationRequest, client: Client, profile: Profile) -> bool:
    """Whether an answer to this request spares the person the same question later, or was spared by an earlier one.

    Never where something can be changed or exactly one thing is agreed to, since that is another one each time. Never a public
    client's: who else uses its name is not known, RFC8252-8.6.
    """
    exact = bool(request.authorization_details) or writing.may_write(request)
    return profile.consent_remembered and not client.public and not exact


def asked(request: AuthorizationRequest, *, known: Collection[str]) -> Agreement:
    """All that the request asks a person to agree to. `known`: names of the claims that are ever told."""
    return Agreement(request.scope, tuple(name for name in claims_request.names(request) if name in known))


def new(wanted: Agreement, before: Agreement) -> Agreement:
    """What of it was not agreed to before."""
    return Agreement(
        tuple(name for name in wanted.scope if name not in before.scope),
        tuple(name for name in wanted.claims if name not in before.claims),
    )
