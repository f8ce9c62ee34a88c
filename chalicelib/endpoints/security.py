"""GET and POST /security: how a person signs in, which only the person changes: passkeys, the app, recovery codes."""

from __future__ import annotations

from chalicelib.errors import AccessDenied
from chalicelib.interaction import browser_binding, own_page, own_page_changes, own_page_sign_in
from chalicelib.interaction.own_page import FORM, PATH, SIGN_IN_FORM, OwnPage
from chalicelib.interaction.page_frame import frame_of, refuse
from chalicelib.messages import Request, Response, see_other
from chalicelib.provider import Provider

__all__ = ["answer", "refuse"]


def answer(request: Request, provider: Provider) -> Response:
    """The page of who has just signed in for it, or the sign-in page; for a POST mostly 303 to the page."""
    now, means = provider.now(), own_page.means_of(provider)
    frame = frame_of(request, provider, here=PATH)
    if request.method == "POST":
        form = request.form
        key, cookie = browser_binding.require_posted(request, form)
        if key == SIGN_IN_FORM:
            return own_page_sign_in.post(request, form, cookie, frame, means, provider, now=now)
        if key != FORM:
            raise AccessDenied("this form is of another page")
    known = own_page.session_of(request, means, provider, now=now)
    if known is None:  # It has ended. A change needs a sign-in of the last ten minutes.
        return see_other(PATH) if request.method == "POST" else own_page_sign_in.show(request, frame, provider, now=now)
    page = OwnPage(provider, means, frame, *known, browser_binding.cookie_of(request, FORM), now)
    if request.method == "POST":
        return own_page_changes.do(page, form)
    words, headers = own_page.words_of(request, page.token_value)
    return own_page_changes.show(page, done=words).with_headers(*headers)
