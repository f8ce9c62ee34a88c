"""The page on which a payment, as the person has chosen it, is approved with a passkey (linked_approval.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.authorization_details import details
from chalicelib.interaction import browser_binding, linked_approval, sign_in
from chalicelib.language import message
from chalicelib.messages import Response
from chalicelib.pages import approval
from chalicelib.pages.frame import Frame
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignInRefused, refused_event

REFUSED = message("That passkey did not approve the payment, so nothing was paid. Try again with a passkey of yours.")


def approved(
    form: Mapping[str, str],
    grant: Grant,
    granted: Sequence[Detail],
    cookie: str,
    provider: Provider,
    frame: Frame,
    *,
    now: int,
) -> str | Response:
    """The evidence of the person's approval, or the page where it is missing or refused. Raises AccessDenied."""
    if not linked_approval.is_needed(grant, provider):
        return linked_approval.exemption(provider)
    refused: SignInRefused | None = None
    if form.get("passkey"):
        try:
            return linked_approval.require(form, grant, granted, cookie, provider, now=now)
        except SignInRefused as problem:
            refused = problem
    person, client = grant.person, sign_in.client_of(grant, provider, now=now)
    shown = approval.page(
        frame=frame,
        client_name=client.in_language("client_name", frame.tag),
        key=grant.key,
        csrf=browser_binding.token(grant.key, cookie, person=digest(person.sub)),
        redirect_uri=grant.request.redirect_uri,
        person=str(person.claims.get("name") or person.username),
        details=details.in_words([one for one in granted if details.write([one])], person.accounts, frame.language),
        chosen={name: value for name, value in form.items() if name.startswith("details") or name == "shown"},
        passkey=linked_approval.begin(grant, granted, cookie, provider),
        problem=None if refused is None else frame.language.say(REFUSED),
    )
    return shown if refused is None else shown.noting(reason=str(refused), event=refused_event(refused))
