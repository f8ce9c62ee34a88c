"""What every page for people has: its frame, and errors as pages.

Its language is the reader's own choice, else what the client asks for (ui_locales), else what the browser does.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.errors import OAuthError
from chalicelib.language import MAX_RANGES
from chalicelib.messages import Request, Response
from chalicelib.pages.frame import COOKIE, PARAMETER, Frame
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant


def frame_of(
    request: Request | None,
    provider: Provider,
    *,
    ui_locales: Sequence[str] = (),
    here: str = "",
    own_form: bool = False,
) -> Frame:
    """The frame.

    `ui_locales`: of the authorization request (OIDCC-3.1.2.1).
    `here`: as in `Frame`.
    `own_form`: a POST is by a form of ours, so that it may switch the language too.

    The switch of the pages is the person's own choice, so it comes before what the client asks for.
    """
    settings = provider.settings
    offered = settings.offered_languages
    by_switch = "" if request is None or (request.method == "POST" and not own_form) else _parameter(request)
    by_cookie = "" if request is None else request.cookies.get(COOKIE, "")
    accept = "" if request is None else ",".join(request.header_values("accept-language"))
    by_reader = next((tag for tag in (by_switch, by_cookie) if tag in offered), "")
    frame = Frame(
        settings.bank_name,
        by_reader or offered[0],
        offered,
        settings.theme,
        here,
        by_reader=bool(by_reader),
        switched=bool(by_reader) and by_reader == by_switch,
        accept=accept,
    )
    return frame.preferring(ui_locales)


def frame_of_grant(request: Request, grant: Grant | None, path: str, provider: Provider) -> Frame:
    """The frame of a page of an interaction. The request is proven to be of its browser. `grant`: None if it was not read."""
    if grant is None:
        return frame_of(request, provider)
    here = f"{path}?interaction={grant.key}"
    return frame_of(request, provider, ui_locales=grant.request.ui_locales, here=here, own_form=True)


def own_page_of(provider: Provider) -> str | None:
    """The address of the page on which people change how they sign in; None if the user directory has none."""
    return None if getattr(provider.user_directory, "sign_in_means", None) is None else "/security"


def recovery_page_of(provider: Provider) -> str | None:
    """The address of its sign-in page for those who lost their phone, or None."""
    page = own_page_of(provider)
    return None if page is None else f"{page}?with=recovery-code"


def refuse(refusal: OAuthError, provider: Provider, reference: str | None, request: Request | None = None) -> Response:
    """The error as a page.

    `reference`: the interaction id of the login or the call in the log.
    `request`: says which language its reader wants; None if it can't be read.
    """
    from chalicelib.pages import render

    return render.error(
        frame=frame_of(request, provider, ui_locales=_locales(request)),
        error=refusal.error,
        description=refusal.description,
        status=refusal.status,
        reference=reference,
    )


def _locales(request: Request | None) -> list[str]:
    """The ui_locales of a request to the authorization endpoint that was refused before it was read."""
    sent = [] if request is None else [value for name, value in request.query if name == "ui_locales"]
    return sent[0].split()[:MAX_RANGES] if len(sent) == 1 else []


def _parameter(request: Request) -> str:
    """The language of the switch; empty if it was sent twice."""
    sent = [value for name, value in request.query if name == PARAMETER]
    return sent[0] if len(sent) == 1 else ""
