"""Errors as pages, at the endpoints for people."""

from __future__ import annotations

from chalicelib.errors import OAuthError
from chalicelib.messages import Response
from chalicelib.provider import Provider


def refuse(refusal: OAuthError, provider: Provider, reference: str | None) -> Response:
    """The error as a page. `reference`: the interaction id of the login or the call in the log."""
    from chalicelib.pages import render

    return render.error(
        bank_name=provider.settings.bank_name,
        error=refusal.error,
        description=refusal.description,
        status=refusal.status,
        reference=reference,
    )
