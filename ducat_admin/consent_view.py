"""A consent as an operator sees it: its state, and what was agreed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from ducat_admin.command import Operator
from ducat_admin.output import moment

if TYPE_CHECKING:
    from chalicelib.storage.dynamodb.operated_grants import OperatedGrant
    from chalicelib.storage.dynamodb.operation import OperatedClient


def clients_of(operator: Operator) -> Callable[[str], OperatedClient | None]:
    """What finds a client, each once."""
    return cache(operator.provider.dynamo.operated_clients.find)


def state(one: OperatedGrant, client: OperatedClient | None, *, now: int) -> tuple[str, str | None]:
    """The consent's state, and who ended it, as far as the stored data tell. `client`: None where there is none of that id."""
    grant = one.grant
    if one.ended_by:
        return "ended", one.ended_by
    if len(grant.attempts) > 1:
        return "ended", "a second use of its code"
    if grant.revoked_at is not None:
        return "ended", "the client, a refresh token that was used again, or a refresh after the person left"
    if grant.epoch < one.epoch:
        return "ended", "the person, with all that the client had of them"
    if client is None or (client.client is not None and not grant.is_of(client.client)):
        return "ended", "an operator, with the client's registration of then"
    if now >= grant.consent_expires_at:
        return "expired", None
    if grant.redeemed_by is None and not grant.may_be_redeemed(now=now):
        return "unused", None
    return "in force", None


def row(one: OperatedGrant, client: OperatedClient | None, *, now: int) -> dict[str, Any]:
    """The consent as a row of a list."""
    grant = one.grant
    return {
        "consent_id": grant.key,
        "client_id": grant.client_id,
        "client_name": client and client.client and client.client.client_name,
        "sub": grant.person.sub,
        "given_at": moment(grant.given_at),
        "until": moment(grant.consent_expires_at),
        "state": state(one, client, now=now)[0],
    }


def whole(one: OperatedGrant, client: OperatedClient | None, *, now: int) -> dict[str, Any]:
    """All that was agreed, how the person was authenticated, and what became of it. No token and no hash is among it."""
    from chalicelib.authorization.granted_access import userinfo_claims

    grant = one.grant
    consumed = [grant.consumption(n) for n in range(len(grant.granted))]
    used = [grant.refreshed_at, *(token.issued_at for token in (grant.token, grant.front_token) if token)]
    used += [each.at for each in consumed if each is not None]
    return row(one, client, now=now) | {
        "ended_by": state(one, client, now=now)[1],
        "ended_at": moment(grant.revoked_at or (one.epoch if grant.epoch < one.epoch else 0)),
        "scope": list(grant.scope),
        "claims": list(userinfo_claims(grant)),
        "authorization_details": list(grant.granted),
        "consumed_at": [each and moment(each.at) for each in consumed],
        "last_known_use": moment(max(used)),
        "signed_in_at": moment(grant.person.auth_time),
        "acr": grant.person.acr,
        "amr": list(grant.person.amr),
        "disclosed": grant.person.claims,
        "client_sub": grant.person.client_sub,
        "interaction_id": grant.journey or None,
    }
