"""A refusal as a page, at the endpoints that people stand before."""

from __future__ import annotations

from chalicelib.errors import OAuthError
from chalicelib.messages import Response
from chalicelib.provider import Provider


def refuse(refusal: OAuthError, provider: Provider, reference: str | None) -> Response:
    """The refusal as a page. `reference`: what the log calls the login by, or this call."""
    from chalicelib.pages import render

    return render.error(
        bank_name=provider.settings.bank_name,
        error=refusal.error,
        description=refusal.description,
        status=refusal.status,
        reference=reference,
    )
