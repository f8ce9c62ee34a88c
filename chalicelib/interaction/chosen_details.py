"""What the person chose of the requested authorization details, and the approval that those with write access need."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.authorization_details import details
from chalicelib.errors import AccessDenied
from chalicelib.interaction import browser_binding, consent_page, decision
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant


def approved(
    form: Mapping[str, str], grant: Grant, cookie: str, provider: Provider, frame: Frame, *, now: int
) -> tuple[tuple[Detail, ...], str] | Response:
    """The granted details and the evidence of their approval, or the page where one of them is missing.

    A form without any account to pay from ends the request. Raises AccessDenied.
    """
    requested = grant.request.authorization_details
    if grant.login is None:
        raise browser_binding.over()
    if not requested:
        return (), ""
    try:
        granted = details.granted(requested, form, grant.login.accounts)
    except AccessDenied:
        if details.can_be_chosen(requested, grant.login.accounts):
            return consent_page.again(
                grant, cookie, form, provider, frame, now=now, problem=consent_page.NOTHING_CHOSEN
            )
        return decision.cancel(grant, cookie, provider, frame, now=now)
    if not details.write(granted):
        return granted, ""

    from chalicelib.interaction import approval_page  # Needed only for payments.

    evidence = approval_page.approved(form, grant, granted, cookie, provider, frame, now=now)
    return evidence if isinstance(evidence, Response) else (granted, evidence)
