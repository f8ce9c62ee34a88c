"""What a person's approval amounts to: the consent, out of the interaction in which it was given."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.authorization import claims_request, details
from chalicelib.storage.records import Consent, Interaction, Login


def person(interaction: Interaction) -> Login:
    """Who approved. A code exists only for a person who logged in (stores.Interactions.decide)."""
    assert interaction.login is not None
    return interaction.login


def consent(
    interaction: Interaction,
    *,
    lifetime: int,
    now: int,
    refresh_hash: str | None = None,
    refresh_family: str | None = None,
) -> Consent:
    """The consent of an approved interaction. `lifetime` in seconds; `refresh_*`: of its refresh token, if any."""
    request, login = interaction.request, person(interaction)
    return Consent(
        consent_id=str(interaction.consent_id),
        client_id=request.client_id,
        scope=request.scope,
        login=replace(login, accounts=(), username=""),
        given_at=now,
        # As the page said: of all that was asked, whatever of it the person left out.
        expires_at=details.ends(request.authorization_details, otherwise=now + lifetime),
        refresh_hash=refresh_hash,
        refresh_family=refresh_family,
        userinfo=tuple(claims_request.granted(claims_request.of(request, "userinfo"), login.claims)),
        authorization_details=interaction.granted,
    )
