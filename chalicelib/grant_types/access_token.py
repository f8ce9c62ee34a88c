"""The access token of a person's grant, whichever grant_type gives it."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.authorization_details import details
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.clients import lifetimes
from chalicelib.grant_types import audience
from chalicelib.protocol_types import Detail
from chalicelib.settings import Settings
from chalicelib.storage.grant_records import AccessToken, Grant


def access_token_of(
    caller: AuthenticatedClient,
    grant: Grant,
    scope: tuple[str, ...],
    covered: tuple[Detail, ...],
    cnf: dict[str, str],
    *,
    form: Mapping[str, str],
    settings: Settings,
    now: int,
) -> AccessToken:
    """A token for `scope` and the `covered` details, bound to `cnf`. It ends with its grant, or with what it is for.

    `form`: the token request, which may name some of the grant's resources. Raises InvalidTarget.
    """
    named = audience.narrowed(form, grant.request.resource, settings)
    return AccessToken(
        client_id=caller.client.client_id,
        scope=scope,
        cnf=cnf,
        issued_at=now,
        expires_at=min(
            now + lifetimes.of_access_token(caller.client, caller.profile, bound=bool(cnf)),
            details.ends(covered, otherwise=grant.consent_expires_at),
        ),
        grant=grant.key,
        dpop_nonce_required=caller.client.dpop_nonce_required,
        authorization_details=covered,
        resources=audience.of_token(named, settings, bound=bool(cnf), scope=scope, details=covered),
    )
