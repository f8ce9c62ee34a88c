"""The page on which a payment, as the person chose it, is approved with a passkey or in the bank's app (linked_approval.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.approval_app import ApprovalApp
from chalicelib.authorization_details import details
from chalicelib.errors import AccessDenied
from chalicelib.interaction import (
    app_approval,
    browser_binding,
    consent_time,
    linked_approval,
    passkey_challenge,
    sign_in,
)
from chalicelib.interaction.app_approval import NotApproved, Waiting
from chalicelib.interaction.decision import APP_ACTIONS
from chalicelib.language import message
from chalicelib.messages import NO_STORE, Response
from chalicelib.pages import approval
from chalicelib.pages.frame import Frame
from chalicelib.pages.render import time_limit
from chalicelib.protocol_types import Detail
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignInRefused, refused_event
from chalicelib.users.sign_in_form import PasskeyChallenge

KEPT = ("shown", consent_time.FIELD)
"""Fields of the consent page that the form of the approval posts again, besides the choices."""
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
    page = _Page(form, grant, granted, cookie, provider, frame, now)
    app = provider.approval_app
    if app is not None and form.get("action") in APP_ACTIONS:
        return page.by_app(app, form["action"])
    if not form.get("passkey"):
        return page.choose()
    try:
        return linked_approval.require(form, grant, granted, cookie, provider, now=now)
    except SignInRefused as refused:
        return page.choose(REFUSED).noting(reason=str(refused), event=refused_event(refused))


@dataclass(frozen=True)
class _Page:
    """The pages of one form."""

    form: Mapping[str, str]
    grant: Grant
    granted: Sequence[Detail]
    cookie: str
    provider: Provider
    frame: Frame
    now: int

    def choose(self, problem: str | None = None) -> Response:
        """The page that shows the payment, with the ways to approve it. Raises AccessDenied where there is none."""
        nonce = linked_approval.new_nonce(self.grant, self.provider)
        passkey = linked_approval.begin(self.grant, self.granted, self.cookie, nonce, self.provider)
        by_app = self.provider.approval_app is not None
        if passkey is None and not by_app:
            raise AccessDenied(
                "payments are approved with a passkey, which is not offered here", detail="payment_exemption is none"
            )
        return approval.page(
            self._shown(nonce), passkey=passkey, by_app=by_app, problem=problem and self.frame.language.say(problem)
        )

    def by_app(self, app: ApprovalApp, action: str) -> str | Response:
        """The evidence of an approval in the app, or the page that waits for it, or the one before with a problem.

        The script's own look gets no page: 204 while the request is open, 200 once the page has something new to say. Only the
        person's form decides.
        """
        polled = action == "app-poll"
        try:
            page = passkey_challenge.posted(
                self.form, self.grant.key, self.cookie, latest=self.grant.expires_at, now=self.now
            )
            if action == "app":
                return self._wait(self._push(app, page), again=False)
            found = app_approval.outcome(app, self.grant, self.granted, page.challenge)
        except (NotApproved, SignInRefused) as refused:
            if polled:
                return Response(200, NO_STORE)
            if isinstance(refused, NotApproved):
                page_again, sub = self.choose(refused.words), self.grant.person.sub
                return page_again.noting(reason=str(refused), sub=sub, event="approval_refused")
            return self.choose(app_approval.ENDED).noting(reason=str(refused), event=refused_event(refused))
        if polled:
            return Response(204 if isinstance(found, Waiting) else 200, NO_STORE)
        return self._wait(found, again=True) if isinstance(found, Waiting) else found

    def _push(self, app: ApprovalApp, page: PasskeyChallenge) -> Waiting:
        return app_approval.push(
            app,
            self.grant,
            self.granted,
            page.challenge,
            client_name=self._client_name(),
            expires_at=page.until,
        )

    def _wait(self, waiting: Waiting, *, again: bool) -> Response:
        return approval.waiting(self._shown(self.form["passkey_nonce"]), number=waiting.number, again=again)

    def _client_name(self) -> str:
        return sign_in.client_of(self.grant, self.provider, now=self.now).in_language("client_name", self.frame.tag)

    def _shown(self, nonce: str) -> approval.Shown:
        grant, person = self.grant, self.grant.person
        write = [one for one in self.granted if details.write([one])]
        return approval.Shown(
            frame=self.frame,
            client_name=self._client_name(),
            key=grant.key,
            csrf=browser_binding.token(grant.key, self.cookie, person=digest(person.sub)),
            nonce=nonce,
            limit=time_limit(grant.expires_at, self.frame.language, now=self.now),
            redirect_uri=grant.request.redirect_uri,
            person=str(person.claims.get("name") or person.username),
            details=details.in_words(write, person.accounts, self.frame.language),
            until=grant.consent_expires_at,
            chosen={name: value for name, value in self.form.items() if name.startswith("details") or name in KEPT},
        )
