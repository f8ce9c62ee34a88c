"""The token response (RFC 6749 5.1, OpenID Connect Core 3.1.3.3) of every grant type and endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.protocol_types import Detail, JsonObject
from chalicelib.storage.grant_records import AccessToken
from chalicelib.tokens import sender_constraint


@dataclass(frozen=True)
class TokenResponse:
    """A token response. Only `token_response` makes it.

    `expires_in`: seconds.
    `scope`, `authorization_details`, `refresh_token`, `id_token`: None if absent.
    """

    access_token: str
    token_type: str
    expires_in: int
    scope: str | None
    authorization_details: list[Detail] | None
    refresh_token: str | None
    id_token: str | None

    @property
    def members(self) -> JsonObject:
        """The members of the JSON object, without the absent ones."""
        return {name: value for name, value in vars(self).items() if value is not None}


def token_response(
    access_token: str, token: AccessToken, *, refresh_token: str | None = None, id_token: str | None = None, now: int
) -> TokenResponse:
    """The response with `access_token`, whose stored record is `token`, and with the other tokens."""
    return TokenResponse(
        access_token=access_token,
        token_type=sender_constraint.token_type(token.cnf),
        expires_in=token.expires_at - now,  # FAPI1-BASE-5.2.2-14
        scope=" ".join(token.scope) or None,  # FAPI1-BASE-5.2.2-15, RFC6749-4.2.2
        authorization_details=list(token.authorization_details) or None,  # RFC9396-7
        refresh_token=refresh_token,
        id_token=id_token,
    )
