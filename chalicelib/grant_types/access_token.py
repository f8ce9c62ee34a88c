"""Access tokens are made here, for every grant type and endpoint."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.authorization_details import details as authorization_details
from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.clients import lifetimes
from chalicelib.grant_types import audience
from chalicelib.profiles import Profile
from chalicelib.protocol_types import Detail
from chalicelib.settings import Settings
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import Client


def of_token_request(
    caller: AuthenticatedClient,
    grant: Grant,
    scope: tuple[str, ...],
    details: tuple[Detail, ...],
    cnf: dict[str, str],
    *,
    form: Mapping[str, str],
    settings: Settings,
    now: int,
) -> AccessToken:
    """An access token of a user's grant. `form`: the token request, which may name some of the grant's resources.

    Raises InvalidTarget.
    """
    named = audience.narrowed(form, grant.request.resource, settings)
    return new_access_token(
        caller.client,
        caller.profile,
        settings,
        scope=scope,
        cnf=cnf,
        named=named,
        details=details,
        grant=grant,
        now=now,
    )


def new_access_token(
    client: Client,
    profile: Profile,
    settings: Settings,
    *,
    scope: tuple[str, ...],
    cnf: dict[str, str],
    named: tuple[str, ...],
    details: tuple[Detail, ...] = (),
    grant: Grant | None = None,
    now: int,
) -> AccessToken:
    """An access token for `scope` and `details`, bound to `cnf`. It expires with its grant or its authorization details.

    `named`: the resources that the client named.
    `grant`: the user's grant, None for a client's own token.
    """
    ends = now + lifetimes.of_access_token(client, profile, bound=bool(cnf))
    if grant is not None:
        ends = min(ends, authorization_details.ends(details, otherwise=grant.consent_expires_at))
    return AccessToken(
        client_id=client.client_id,
        scope=scope,
        cnf=cnf,
        issued_at=now,
        expires_at=ends,
        grant=None if grant is None else grant.key,
        dpop_nonce_required=client.dpop_nonce_required,
        authorization_details=details,
        resources=audience.of_token(named, settings, bound=bool(cnf), scope=scope, details=details),
    )
